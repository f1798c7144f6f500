package golden;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.apache.rocketmq.common.BrokerConfig;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageAccessor;
import org.apache.rocketmq.common.message.MessageBatch;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageExtBatch;
import org.apache.rocketmq.common.message.MessageExtBrokerInner;
import org.apache.rocketmq.common.sysflag.MessageSysFlag;
import org.apache.rocketmq.store.DefaultMessageStore;
import org.apache.rocketmq.store.PutMessageResult;
import org.apache.rocketmq.store.config.MessageStoreConfig;
import org.apache.rocketmq.store.stats.BrokerStatsManager;

/** Small stores written by the official store code itself: commit log, consume queues, index, checkpoint. */
final class StoreFiles {
    private static final long NOW = 1700000000000L;
    private final Out out;
    private int sequence;

    StoreFiles(Out out) {
        this.out = out;
    }

    void write() throws Exception {
        store("store", false);
        store("store_crc", true);
    }

    private void store(String name, boolean appendCrc) throws Exception {
        Path root = Files.createTempDirectory("golden-store");
        MessageStoreConfig config = new MessageStoreConfig();
        config.setStorePathRootDir(root.toString());
        config.setStorePathCommitLog(root.resolve("commitlog").toString());
        config.setMappedFileSizeCommitLog(4096);
        config.setMappedFileSizeConsumeQueue(20 * 8);
        config.setMaxHashSlotNum(50);
        config.setMaxIndexNum(100);
        config.setDuplicationEnable(true);
        config.setHaListenPort(0);
        config.setEnabledAppendPropCRC(appendCrc);
        config.setForceVerifyPropCRC(appendCrc);
        config.setTimerWheelEnable(false);
        config.setDiskMaxUsedSpaceRatio(99);
        BrokerConfig broker = new BrokerConfig();
        DefaultMessageStore store = new DefaultMessageStore(config, new BrokerStatsManager("golden", true), null,
            broker, new ConcurrentHashMap<String, TopicConfig>());
        if (!store.load()) {
            throw new IllegalStateException("store.load");
        }
        store.start();
        sequence = 0;
        fill(store);
        store.setConfirmOffset(store.getMaxPhyOffset());
        await(() -> store.dispatchBehindBytes() == 0);
        long end = store.getMaxPhyOffset();
        store.shutdown();
        keep(root, name, end);
    }

    private void fill(DefaultMessageStore store) throws Exception {
        put(store, message("golden_topic", 0, "plain"));
        MessageExtBrokerInner tagged = message("golden_topic", 0, "tags and keys");
        tagged.setTags("tagA");
        tagged.setKeys("key1 key2");
        MessageAccessor.putProperty(tagged, "UNIQ_KEY", "0A0B0C0D00002A9F0000000000001234");
        MessageAccessor.putProperty(tagged, "name", "\u4e2d\u6587 \ud83d\ude80");
        put(store, tagged);
        MessageExtBrokerInner v6 = message("golden_topic", 1, "both hosts IPv6");
        v6.setBornHost(Messages.host(true, 40001));
        v6.setStoreHost(Messages.host(true, 10911));
        put(store, v6);
        MessageExtBrokerInner born6 = message("golden_topic", 1, "born host IPv6");
        born6.setBornHost(Messages.host(true, 40001));
        put(store, born6);
        put(store, message("long_" + "t".repeat(145), 0, "topic longer than 127: record version 2"));
        MessageExtBrokerInner retried = message("golden_topic", 0, "retried");
        retried.setReconsumeTimes(3);
        retried.setFlag(9);
        put(store, retried);
        MessageExtBrokerInner delayed = message("SCHEDULE_TOPIC_XXXX", 2, "delay level 3");
        MessageAccessor.putProperty(delayed, "DELAY", "3");
        MessageAccessor.putProperty(delayed, "REAL_TOPIC", "golden_topic");
        MessageAccessor.putProperty(delayed, "REAL_QID", "1");
        put(store, delayed);
        MessageExtBrokerInner prepared = message("golden_topic", 0, "prepared: in no consume queue");
        prepared.setSysFlag(MessageSysFlag.TRANSACTION_PREPARED_TYPE);
        put(store, prepared);
        MessageExtBrokerInner committed = message("golden_topic", 0, "committed");
        committed.setSysFlag(MessageSysFlag.TRANSACTION_COMMIT_TYPE);
        committed.setPreparedTransactionOffset(1234);
        put(store, committed);
        putBatch(store);
        put(store, message("golden_topic", 0, "x".repeat(1500)));
        put(store, message("golden_topic", 0, "y".repeat(1500)));
        put(store, message("golden_topic", 0, "in the second file"));
        put(store, message("golden_topic", 0, ""));
    }

    private MessageExtBrokerInner message(String topic, int queueId, String body) throws Exception {
        MessageExtBrokerInner message = new MessageExtBrokerInner();
        base(message, topic, queueId);
        message.setBody(body.isEmpty() ? new byte[0] : body.getBytes(StandardCharsets.UTF_8));
        return message;
    }

    private void base(MessageExtBrokerInner message, String topic, int queueId) throws Exception {
        message.setTopic(topic);
        message.setQueueId(queueId);
        message.setBornTimestamp(NOW + sequence);
        message.setStoreTimestamp(NOW + 1000 + sequence++);
        message.setBornHost(Messages.host(false, 40001));
        message.setStoreHost(Messages.host(false, 10911));
    }

    private void put(DefaultMessageStore store, MessageExtBrokerInner message) {
        message.setTagsCode(MessageExtBrokerInner.tagsString2tagsCode(message.getTags()));
        message.setPropertiesString(MessageDecoder.messageProperties2String(message.getProperties()));
        check(store.putMessage(message), message.getTopic());
    }

    private void putBatch(DefaultMessageStore store) throws Exception {
        List<Message> list = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            list.add(new Message("golden_batch", "tag" + i, "batch" + i, ("batch " + i).getBytes(StandardCharsets.UTF_8)));
        }
        MessageExtBatch batch = new MessageExtBatch();
        base(batch, "golden_batch", 0);
        batch.setBody(MessageBatch.generateFromList(list).encode());
        check(store.putMessages(batch), "batch");
    }

    private static void check(PutMessageResult result, String what) {
        if (!result.isOk()) {
            throw new IllegalStateException(what + ": " + result);
        }
    }

    private static void await(java.util.function.BooleanSupplier done) throws InterruptedException {
        long limit = System.currentTimeMillis() + 10_000;
        while (!done.getAsBoolean() && System.currentTimeMillis() < limit) {
            Thread.sleep(10);
        }
    }

    private void keep(Path root, String name, long end) throws IOException {
        List<Path> files;
        try (Stream<Path> walk = Files.walk(root)) {
            files = walk.filter(Files::isRegularFile).sorted().toList();
        }
        for (Path file : files) {
            String relative = root.relativize(file).toString();
            byte[] bytes = Files.readAllBytes(file);
            if (relative.startsWith("commitlog/")) {
                long first = Long.parseLong(file.getFileName().toString());
                if (first < end) {
                    out.file(name + "/" + relative, bytes, Out.map("maxPhyOffset", end, "records", records(bytes)));
                }
            } else if (relative.startsWith("consumequeue/")) {
                List<Object> units = units(bytes);
                if (!units.isEmpty()) {
                    out.file(name + "/" + relative, bytes, Out.map("units", units));
                }
            } else if (relative.startsWith("index/")) {
                out.file(name + "/index/file", bytes, Out.map("hashSlots", 50, "maxIndex", 100));
            } else if (relative.equals("checkpoint")) {
                out.file(name + "/" + relative, bytes, null);
            }
        }
    }

    private static List<Object> records(byte[] bytes) {
        List<Object> rows = new ArrayList<>();
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.remaining() >= 8) {
            int size = buffer.getInt(buffer.position());
            int magic = buffer.getInt(buffer.position() + 4);
            if (magic == MessageDecoder.BLANK_MAGIC_CODE) {
                rows.add(Out.map("position", buffer.position(), "blank", size));
                break;
            }
            if (size <= 0) {
                break;
            }
            ByteBuffer one = ByteBuffer.wrap(Arrays.copyOfRange(bytes, buffer.position(), buffer.position() + size));
            MessageExt message = MessageDecoder.decode(one, true, false);
            Map<String, Object> row = Out.map("position", buffer.position(), "size", size, "magic", magic);
            row.putAll(Messages.describe(message));
            rows.add(row);
            buffer.position(buffer.position() + size);
        }
        return rows;
    }

    private static List<Object> units(byte[] bytes) {
        List<Object> rows = new ArrayList<>();
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        while (buffer.remaining() >= 20) {
            long offset = buffer.getLong();
            int size = buffer.getInt();
            long tags = buffer.getLong();
            if (size > 0) {
                rows.add(Arrays.asList(offset, size, tags));
            }
        }
        return rows;
    }
}
