package golden;

import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Properties;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/** Fills any bean with small, repeatable values, so that every field shows up in its JSON. */
final class Filler {
    private int counter = 100;

    static Object sample(Class<?> type) throws Exception {
        return new Filler().bean(type, 0);
    }

    private Object bean(Class<?> type, int depth) throws Exception {
        Object bean = instance(type);
        for (Class<?> c = type; c != null && c != Object.class; c = c.getSuperclass()) {
            Field[] fields = c.getDeclaredFields();
            java.util.Arrays.sort(fields, Comparator.comparing(Field::getName));
            for (Field field : fields) {
                if (Modifier.isStatic(field.getModifiers()) || field.getName().startsWith("this")) {
                    continue;
                }
                field.setAccessible(true);
                Object value = value(field.getGenericType(), field.getName(), depth + 1);
                if (value != null) {
                    field.set(bean, value);
                }
            }
        }
        return bean;
    }

    private Object instance(Class<?> type) throws Exception {
        Constructor<?>[] all = type.getDeclaredConstructors();
        java.util.Arrays.sort(all, Comparator.comparingInt(Constructor::getParameterCount));
        Constructor<?> first = all[0];
        first.setAccessible(true);
        Object[] args = new Object[first.getParameterCount()];
        for (int i = 0; i < args.length; i++) {
            Class<?> p = first.getParameterTypes()[i];
            args[i] = p.isPrimitive() || Iterable.class.isAssignableFrom(p)
                ? value(first.getGenericParameterTypes()[i], "arg", 1) : null;
        }
        return first.newInstance(args);
    }

    private Object value(Type generic, String name, int depth) throws Exception {
        if (depth > 6) {
            return null;
        }
        if (generic instanceof ParameterizedType) {
            return container((ParameterizedType) generic, name, depth);
        }
        if (!(generic instanceof Class)) {
            return null;
        }
        Class<?> type = (Class<?>) generic;
        if (type == String.class) {
            return name;
        } else if (type == int.class || type == Integer.class) {
            return ++counter;
        } else if (type == long.class || type == Long.class) {
            return 5_000_000_000L + ++counter;
        } else if (type == boolean.class || type == Boolean.class) {
            return true;
        } else if (type == double.class || type == Double.class) {
            return ++counter + 0.5;
        } else if (type == AtomicLong.class) {
            return new AtomicLong(++counter);
        } else if (type == BitSet.class) {
            return BitSet.valueOf(new long[] {0x8005L});
        } else if (type == long[].class) {
            return new long[] {1000, 5000};
        } else if (type.isEnum()) {
            return type.getEnumConstants()[0];
        } else if (type == Properties.class) {
            Properties properties = new Properties();
            properties.put("key", "value");
            return properties;
        } else if (type.isPrimitive() || type.isArray() || type.isInterface() || type.getName().startsWith("java.")) {
            return null;
        }
        return bean(type, depth);
    }

    @SuppressWarnings("unchecked")
    private Object container(ParameterizedType generic, String name, int depth) throws Exception {
        Class<?> raw = (Class<?>) generic.getRawType();
        Type[] args = generic.getActualTypeArguments();
        if (Map.class.isAssignableFrom(raw)) {
            Map<Object, Object> map = SortedMap.class.isAssignableFrom(raw) ? new TreeMap<>()
                : raw.isAssignableFrom(HashMap.class) ? new HashMap<>()
                : raw.isAssignableFrom(ConcurrentHashMap.class) ? new ConcurrentHashMap<>()
                : (Map<Object, Object>) raw.getDeclaredConstructor().newInstance();
            Object key = value(args[0], name + "Key", depth + 1);
            Object value = value(args[1], name + "Value", depth + 1);
            if (key != null && value != null) {
                map.put(key, value);
            }
            return map;
        }
        if (Collection.class.isAssignableFrom(raw)) {
            Collection<Object> items = SortedSet.class.isAssignableFrom(raw) ? new TreeSet<>()
                : raw.isAssignableFrom(ArrayList.class) ? new ArrayList<>()
                : raw.isAssignableFrom(java.util.HashSet.class) ? new java.util.HashSet<>()
                : raw.isAssignableFrom(LinkedHashSet.class) ? new LinkedHashSet<>()
                : (Collection<Object>) raw.getDeclaredConstructor().newInstance();
            Object item = value(args[0], name + "Item", depth + 1);
            if (item != null) {
                items.add(item);
            }
            return items;
        }
        return null;
    }
}
