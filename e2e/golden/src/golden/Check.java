package golden;

import com.alibaba.fastjson2.JSON;
import com.alibaba.fastjson2.JSONWriter;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.rocketmq.common.MQVersion;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.remoting.protocol.DataVersion;
import org.apache.rocketmq.remoting.protocol.RemotingCommand;
import org.apache.rocketmq.remoting.protocol.admin.ConsumeStats;
import org.apache.rocketmq.remoting.protocol.admin.TopicStatsTable;
import org.apache.rocketmq.remoting.protocol.body.ClusterInfo;
import org.apache.rocketmq.remoting.protocol.body.KVTable;
import org.apache.rocketmq.remoting.protocol.body.RegisterBrokerBody;
import org.apache.rocketmq.remoting.protocol.body.TopicConfigSerializeWrapper;
import org.apache.rocketmq.remoting.protocol.body.TopicList;
import org.apache.rocketmq.remoting.protocol.heartbeat.HeartbeatData;
import org.apache.rocketmq.remoting.protocol.route.TopicRouteData;
import org.apache.rocketmq.remoting.protocol.subscription.SubscriptionGroupConfig;

/**
 * Reads files that our codecs wrote with the official classes: `golden.Check DIR GOLDEN_DIR`.
 * DIR uses the names of the golden directory (any subset). A file whose name is golden must decode to the same
 * values as the golden one (bytes may differ); any other file must decode.
 */
public final class Check {
    private static final Map<String, Class<?>> BODIES = Map.ofEntries(
        Map.entry("cluster_info", ClusterInfo.class), Map.entry("consume_stats", ConsumeStats.class),
        Map.entry("data_version", DataVersion.class), Map.entry("heartbeat", HeartbeatData.class),
        Map.entry("kv_table", KVTable.class), Map.entry("register_broker", RegisterBrokerBody.class),
        Map.entry("route", TopicRouteData.class), Map.entry("route_empty", TopicRouteData.class),
        Map.entry("route_standard", TopicRouteData.class),
        Map.entry("subscription_group_config_default", SubscriptionGroupConfig.class),
        Map.entry("topic_config_default", TopicConfig.class), Map.entry("topic_config_wrapper", TopicConfigSerializeWrapper.class),
        Map.entry("topic_list", TopicList.class), Map.entry("topic_list_empty", TopicList.class),
        Map.entry("topic_stats", TopicStatsTable.class));
    private static final String[] PACKAGES = {"body", "admin", "heartbeat", "statictopic", "subscription", "route", "header"};

    public static void main(String[] args) throws Exception {
        Path dir = Path.of(args[0]);
        Path golden = Path.of(args[1]);
        int passed = 0;
        int failed = 0;
        List<Path> files;
        try (Stream<Path> walk = Files.walk(dir)) {
            files = walk.filter(Files::isRegularFile).sorted().toList();
        }
        for (Path file : files) {
            String name = dir.relativize(file).toString();
            Path twin = golden.resolve(name);
            String theirs = null;
            try {
                theirs = Files.exists(twin) ? decode(name, Files.readAllBytes(twin)) : null;
            } catch (Throwable error) {
                System.out.println("SKIP " + name + " the official classes can't read their own form: " + error.getMessage());
                continue;
            }
            try {
                String ours = decode(name, Files.readAllBytes(file));
                if (ours == null) {
                    continue;
                }
                if (theirs != null && !ours.equals(theirs)) {
                    throw new IllegalStateException("\n  decodes to " + ours + "\n  expected   " + theirs);
                }
                System.out.println("PASS " + name);
                passed++;
            } catch (Throwable error) {
                System.out.println("FAIL " + name + " " + error.getMessage());
                failed++;
            }
        }
        System.out.println(passed + " passed, " + failed + " failed");
        System.exit(failed == 0 && passed > 0 ? 0 : 1);
    }

    /** The decoded value as sorted JSON; null for a file of no known kind. */
    private static String decode(String name, byte[] bytes) throws Exception {
        String base = name.substring(name.lastIndexOf('/') + 1).replaceAll("\\.(json|bin)$", "");
        if (name.startsWith("frames/")) {
            int length = ByteBuffer.wrap(bytes).getInt();
            if (length != bytes.length - 4) {
                throw new IllegalStateException("length word " + length + ", file " + bytes.length);
            }
            ByteBuffer frame = ByteBuffer.wrap(bytes);
            frame.getInt();
            return sorted(Frames.describe(RemotingCommand.decode(frame)));
        }
        if (name.startsWith("messages/record")) {
            MessageExt message = MessageDecoder.decode(ByteBuffer.wrap(bytes), true, false);
            if (message == null || message.getStoreSize() != bytes.length) {
                throw new IllegalStateException("not a record of the file's size");
            }
            return sorted(Messages.describe(message));
        }
        if (name.equals("messages/batch_body.bin")) {
            List<Object> rows = new ArrayList<>();
            for (Message message : MessageDecoder.decodeMessages(ByteBuffer.wrap(bytes))) {
                rows.add(Out.map("flag", message.getFlag(), "bodyHex", Out.hex(message.getBody()), "properties", message.getProperties()));
            }
            return sorted(rows);
        }
        if (base.equals("register_broker_compressed")) {
            RegisterBrokerBody body = RegisterBrokerBody.decode(bytes, true, MQVersion.Version.V5_5_0);
            body.getTopicConfigSerializeWrapper().setMappingDataVersion(null); // not transferred: the decoder's own clock
            return sorted(body);
        }
        if (name.startsWith("bodies/") && BODIES.containsKey(base)) {
            return sorted(JSON.parseObject(bytes, BODIES.get(base)));
        }
        if (name.startsWith("catalog/bodies/")) {
            return sorted(JSON.parseObject(bytes, find(base)));
        }
        return null;
    }

    private static Class<?> find(String simpleName) throws ClassNotFoundException {
        for (String inner : PACKAGES) {
            try {
                return Class.forName("org.apache.rocketmq.remoting.protocol." + inner + "." + simpleName);
            } catch (ClassNotFoundException next) {
                continue;
            }
        }
        throw new ClassNotFoundException(simpleName);
    }

    private static String sorted(Object value) {
        return JSON.toJSONString(value, JSONWriter.Feature.MapSortField, JSONWriter.Feature.WriteNulls);
    }
}
