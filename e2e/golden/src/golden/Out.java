package golden;

import com.alibaba.fastjson2.JSON;
import com.alibaba.fastjson2.JSONWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Where golden files go, and the list of what each is expected to decode to. */
final class Out {
    private final Path dir;
    private final Map<String, Object> expected = new LinkedHashMap<>();

    Out(String dir) throws IOException {
        this.dir = Path.of(dir);
        Files.createDirectories(this.dir);
    }

    Path dir() {
        return dir;
    }

    void file(String name, byte[] bytes, Map<String, Object> decoded) throws IOException {
        Path path = dir.resolve(name);
        Files.createDirectories(path.getParent());
        Files.write(path, bytes);
        if (decoded != null) {
            expected.put(name, decoded);
        }
    }

    void text(String name, String text) throws IOException {
        file(name, text.getBytes(StandardCharsets.UTF_8), null);
    }

    void json(String name, Object value) throws IOException {
        text(name, pretty(value) + "\n");
    }

    /** One line an entry: compact, and still readable in a diff. */
    void lines(String name, Map<String, Object> map) throws IOException {
        StringBuilder text = new StringBuilder("{\n");
        String separator = "";
        for (Map.Entry<String, Object> entry : map.entrySet()) {
            text.append(separator).append(JSON.toJSONString(entry.getKey())).append(": ")
                .append(JSON.toJSONString(entry.getValue(), JSONWriter.Feature.WriteNulls));
            separator = ",\n";
        }
        text(name, text.append("\n}\n").toString());
    }

    void finish() throws IOException {
        lines("expected.json", expected);
    }

    static String pretty(Object value) {
        return JSON.toJSONString(value, JSONWriter.Feature.PrettyFormat, JSONWriter.Feature.WriteNulls);
    }

    static Map<String, Object> map(Object... keysAndValues) {
        Map<String, Object> map = new LinkedHashMap<>();
        for (int i = 0; i < keysAndValues.length; i += 2) {
            map.put((String) keysAndValues[i], keysAndValues[i + 1]);
        }
        return map;
    }

    static String hex(byte[] bytes) {
        StringBuilder text = new StringBuilder();
        for (byte b : bytes) {
            text.append(String.format("%02x", b));
        }
        return text.toString();
    }
}
