package storecompat;

import com.alibaba.fastjson2.JSON;
import com.alibaba.fastjson2.JSONWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.rocketmq.common.message.Message;

/** What was written to a broker, so that another one on the same files can be checked against it. */
public final class Manifest {
    /** One message at its place. */
    public static final class Entry {
        public String topic;
        public int queueId;
        public long queueOffset;
        public String msgId;
        public String offsetMsgId;
        public String keys;
        public String tags;
        public int flag;
        public String bodySha;
        public Map<String, String> properties = new TreeMap<>();
    }

    /** A committed offset of a group. */
    public static final class Offset {
        public String group;
        public String topic;
        public int queueId;
        public long offset;
    }

    public long startedAt;
    public List<Entry> entries = new ArrayList<>();
    public List<Offset> offsets = new ArrayList<>();
    public Map<String, int[]> topics = new TreeMap<>(); // name -> read queues, write queues, perm
    public Map<String, int[]> groups = new TreeMap<>(); // name -> retry queues, retry max times, broadcast allowed
    public Map<String, String> delayed = new TreeMap<>(); // key -> topic in which it appears when it is due
    public Map<String, String> deadLetters = new TreeMap<>(); // key -> dead-letter topic

    public Entry add(String topic, int queueId, long queueOffset, String msgId, String offsetMsgId, Message message) {
        Entry entry = new Entry();
        entry.topic = topic;
        entry.queueId = queueId;
        entry.queueOffset = queueOffset;
        entry.msgId = msgId;
        entry.offsetMsgId = offsetMsgId;
        entry.keys = message.getKeys();
        entry.tags = message.getTags();
        entry.flag = message.getFlag();
        entry.bodySha = sha(message.getBody());
        message.getProperties().forEach((name, value) -> {
            if (name.startsWith("user")) {
                entry.properties.put(name, value);
            }
        });
        entries.add(entry);
        return entry;
    }

    static String sha(byte[] body) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(body));
        } catch (java.security.NoSuchAlgorithmException impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    static Manifest read(String file) throws IOException {
        return JSON.parseObject(Files.readAllBytes(Path.of(file)), Manifest.class);
    }

    void write(String file) throws IOException {
        Files.write(Path.of(file), JSON.toJSONBytes(this, JSONWriter.Feature.PrettyFormat));
    }
}
