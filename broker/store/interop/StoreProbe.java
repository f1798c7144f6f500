// The official 5.5.0 store, driven from outside: proves that it reads what we wrote and that we read what it wrote.
//   StoreProbe write ROOT COUNT clean|crash   appends COUNT messages, then closes or dies as by kill -9
//   StoreProbe read ROOT                      prints every message as "topic queue offset body", then closes
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.common.BrokerConfig;
import org.apache.rocketmq.common.message.MessageAccessor;
import org.apache.rocketmq.common.message.MessageConst;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageExtBrokerInner;
import org.apache.rocketmq.store.DefaultMessageStore;
import org.apache.rocketmq.store.GetMessageResult;
import org.apache.rocketmq.store.PutMessageResult;
import org.apache.rocketmq.store.QueryMessageResult;
import org.apache.rocketmq.store.config.MessageStoreConfig;
import org.apache.rocketmq.store.stats.BrokerStatsManager;

public class StoreProbe {
    public static void main(String[] args) throws Exception {
        String root = args[1];
        MessageStoreConfig config = new MessageStoreConfig();
        config.setStorePathRootDir(root);
        config.setStorePathCommitLog(root + "/commitlog");
        config.setMappedFileSizeCommitLog(64 * 1024);
        config.setMappedFileSizeConsumeQueue(100 * 20);
        config.setMaxHashSlotNum(1000);
        config.setMaxIndexNum(4000);
        config.setHaListenPort(0);
        config.setDiskMaxUsedSpaceRatio(99);
        config.setMaxMessageSize(60 * 1024);
        config.setTimerWheelEnable(false);
        BrokerConfig broker = new BrokerConfig();
        DefaultMessageStore store = new DefaultMessageStore(config, new BrokerStatsManager("c", false),
            (topic, queue, offset, tags, time, bitmap, properties) -> { }, broker, new ConcurrentHashMap<>());
        if (!store.load()) {
            System.err.println("load failed");
            Runtime.getRuntime().halt(3);
        }
        store.start();
        if (args[0].equals("write")) {
            write(store, Integer.parseInt(args[2]));
            if (args[3].equals("crash")) Runtime.getRuntime().halt(137);
        } else {
            read(store, root);
        }
        store.shutdown();
        System.out.flush();
        Runtime.getRuntime().halt(0);
    }

    private static void write(DefaultMessageStore store, int count) {
        for (int i = 0; i < count; i++) {
            MessageExtBrokerInner message = new MessageExtBrokerInner();
            message.setTopic(i % 5 == 4 ? "L".repeat(200) : "T");
            message.setQueueId(i % 3);
            message.setBody(("java-" + i + "-" + "j".repeat(i % 700)).getBytes(StandardCharsets.UTF_8));
            message.setTags("tag" + i % 4);
            message.setKeys("key" + i);
            MessageAccessor.putProperty(message, MessageConst.PROPERTY_UNIQ_CLIENT_MESSAGE_ID_KEYIDX, "J" + i);
            message.setPropertiesString(MessageDecoder.messageProperties2String(message.getProperties()));
            message.setBornTimestamp(System.currentTimeMillis());
            message.setBornHost(new InetSocketAddress("127.0.0.1", 1));
            message.setStoreHost(new InetSocketAddress("127.0.0.1", 10911));
            PutMessageResult result = store.putMessage(message);
            if (!result.isOk()) throw new IllegalStateException(result.toString());
        }
    }

    private static void read(DefaultMessageStore store, String root) throws Exception {
        for (int i = 0; i < 100 && store.dispatchBehindBytes() > 0; i++) Thread.sleep(50);
        StringBuilder out = new StringBuilder();
        for (Path topic : new TreeSet<>(Files.list(Path.of(root, "consumequeue")).toList())) {
            for (Path queue : new TreeSet<>(Files.list(topic).toList())) {
                String name = topic.getFileName().toString();
                int id = Integer.parseInt(queue.getFileName().toString());
                long offset = store.getMinOffsetInQueue(name, id);
                while (offset < store.getMaxOffsetInQueue(name, id)) {
                    GetMessageResult result = store.getMessage("g", name, id, offset, 32, null);
                    for (ByteBuffer bytes : result.getMessageBufferList()) {
                        MessageExt message = MessageDecoder.decode(bytes.duplicate());
                        out.append(name).append(' ').append(id).append(' ').append(message.getQueueOffset()).append(' ')
                            .append(new String(message.getBody(), StandardCharsets.UTF_8)).append('\n');
                        String key = message.getProperty(MessageConst.PROPERTY_UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
                        QueryMessageResult found = store.queryMessage(name, key, 32, 0, Long.MAX_VALUE);
                        if (found.getMessageBufferList().isEmpty()) out.append("not in the index: ").append(key).append('\n');
                        found.release();
                    }
                    result.release();
                    if (result.getNextBeginOffset() <= offset) break;
                    offset = result.getNextBeginOffset();
                }
            }
        }
        System.out.print(out);
    }
}
