package clients;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** `--name value` and bare `--flag` arguments; the rest are words. */
public final class Options {
    private final Map<String, String> values = new HashMap<>();
    private final List<String> words = new ArrayList<>();

    public Options(String[] args, String... flags) {
        List<String> bare = List.of(flags);
        for (int i = 0; i < args.length; i++) {
            if (!args[i].startsWith("--")) {
                words.add(args[i]);
            } else if (bare.contains(args[i].substring(2))) {
                values.put(args[i].substring(2), "true");
            } else if (i + 1 < args.length) {
                values.put(args[i].substring(2), args[++i]);
            } else {
                throw new IllegalArgumentException(args[i] + " wants a value");
            }
        }
    }

    public String get(String name, String otherwise) {
        return values.getOrDefault(name, otherwise);
    }

    public int number(String name, int otherwise) {
        return Integer.parseInt(values.getOrDefault(name, String.valueOf(otherwise)));
    }

    public boolean has(String name) {
        return values.containsKey(name);
    }

    public List<String> words() {
        return words;
    }

    public String namesrv() {
        String fromEnv = System.getenv("NAMESRV_ADDR");
        return get("namesrv", fromEnv == null ? "127.0.0.1:9876" : fromEnv);
    }
}
