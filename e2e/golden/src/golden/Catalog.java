package golden;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.ArrayList;
import java.util.Enumeration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import org.apache.rocketmq.common.action.RocketMQAction;
import org.apache.rocketmq.remoting.CommandCustomHeader;
import org.apache.rocketmq.remoting.annotation.CFNotNull;
import org.apache.rocketmq.remoting.protocol.RemotingCommand;
import org.apache.rocketmq.remoting.protocol.RemotingSerializable;
import org.apache.rocketmq.remoting.protocol.RequestCode;
import org.apache.rocketmq.remoting.protocol.ResponseCode;

/** Every header's fields, every code's name, and one filled sample of every body class. */
final class Catalog {
    private final Out out;

    Catalog(Out out) {
        this.out = out;
    }

    void write() throws Exception {
        out.lines("catalog/request_codes.json", constants(RequestCode.class));
        out.lines("catalog/response_codes.json", constants(ResponseCode.class));
        Map<String, Object> headers = new LinkedHashMap<>();
        Map<String, String> failed = new LinkedHashMap<>();
        String root = "org.apache.rocketmq.remoting.protocol.";
        for (String name : classes()) {
            Class<?> type = Class.forName(name);
            if (type.isInterface() || Modifier.isAbstract(type.getModifiers()) || type.isEnum()) {
                continue;
            }
            if (CommandCustomHeader.class.isAssignableFrom(type)) {
                headers.put(type.getSimpleName(), header(type));
            } else if (name.matches("\\Q" + root + "\\E(body|admin|heartbeat|statictopic|subscription|route)\\.[A-Za-z]+")
                || (name.startsWith(root + "header.") && RemotingSerializable.class.isAssignableFrom(type))) {
                try {
                    byte[] json = RemotingSerializable.encode(Filler.sample(type));
                    out.file("catalog/bodies/" + type.getSimpleName() + ".json", json, null);
                } catch (Throwable error) {
                    failed.put(type.getSimpleName(), error.toString());
                }
            }
        }
        out.lines("catalog/headers.json", headers);
        failed.forEach((name, why) -> System.err.println("no sample of " + name + ": " + why));
    }

    private static Map<String, Object> header(Class<?> type) {
        List<Object> fields = new ArrayList<>();
        for (Class<?> c = type; c != Object.class; c = c.getSuperclass()) {
            for (Field field : c.getDeclaredFields()) {
                if (!Modifier.isStatic(field.getModifiers())) {
                    fields.add(field.getName() + (field.isAnnotationPresent(CFNotNull.class) ? "* " : " ")
                        + field.getType().getSimpleName());
                }
            }
        }
        RocketMQAction action = type.getAnnotation(RocketMQAction.class);
        return Out.map("code", action == null ? null : action.value(), "fields", fields);
    }

    private static Map<String, Object> constants(Class<?> type) throws Exception {
        Map<String, Object> map = new LinkedHashMap<>();
        for (Class<?> c = type; c != Object.class; c = c.getSuperclass()) {
            for (Field field : c.getDeclaredFields()) {
                if (Modifier.isStatic(field.getModifiers()) && field.getType() == int.class) {
                    map.put(field.getName(), field.getInt(null));
                }
            }
        }
        return map;
    }

    private static TreeSet<String> classes() throws IOException {
        TreeSet<String> names = new TreeSet<>();
        String path = RemotingCommand.class.getProtectionDomain().getCodeSource().getLocation().getPath();
        try (JarFile jar = new JarFile(path)) {
            for (Enumeration<JarEntry> entries = jar.entries(); entries.hasMoreElements();) {
                String name = entries.nextElement().getName();
                if (name.startsWith("org/apache/rocketmq/remoting/protocol/") && name.endsWith(".class") && !name.contains("$")) {
                    names.add(name.substring(0, name.length() - 6).replace('/', '.'));
                }
            }
        }
        return names;
    }
}
