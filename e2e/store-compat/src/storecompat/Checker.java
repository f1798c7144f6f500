package storecompat;

import clients.Check;
import clients.Options;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.header.QueryConsumerOffsetRequestHeader;
import org.apache.rocketmq.remoting.protocol.subscription.SubscriptionGroupConfig;

/**
 * Reads everything back and compares it with the manifest: `Checker --namesrv A --manifest FILE [--append N]`.
 * With --append it then writes N more messages (their queue offsets must go on without gap or reuse) and notes them in the manifest.
 */
public final class Checker {
    private interface Part {
        void run() throws Exception;
    }

    private final Clients clients;
    private final Manifest manifest;
    private int passed;
    private int failed;

    private Checker(Clients clients, Manifest manifest) {
        this.clients = clients;
        this.manifest = manifest;
    }

    public static void main(String[] args) {
        Options options = new Options(args);
        try (Clients clients = new Clients(options.namesrv())) {
            String file = options.get("manifest", "manifest.json");
            Checker checker = new Checker(clients, Manifest.read(file));
            checker.run(options.number("append", 0));
            checker.manifest.write(file);
            System.out.println(checker.passed + " passed, " + checker.failed + " failed");
            System.exit(checker.failed == 0 ? 0 : 1);
        } catch (Throwable error) {
            System.out.println("FAIL checker " + error);
            System.exit(1);
        }
    }

    private void run(int append) {
        part("topic-configs", this::topics);
        part("subscription-groups", this::groups);
        part("consumer-offsets", this::offsets);
        part("messages-by-queue", this::byQueue);
        part("messages-by-id", this::byId);
        part("messages-by-key", this::byKey);
        part("messages-by-time", this::byTime);
        part("delayed-messages", () -> appear(manifest.delayed));
        part("dead-letters", () -> appear(manifest.deadLetters));
        if (append > 0) {
            part("append", () -> append(append));
        }
    }

    private void part(String name, Part part) {
        long begin = System.nanoTime();
        try {
            part.run();
            passed++;
            System.out.println("PASS " + name + " " + (System.nanoTime() - begin) / 1_000_000 + " ms");
        } catch (Throwable error) {
            failed++;
            System.out.println("FAIL " + name + " " + (error instanceof AssertionError ? error.getMessage() : error.toString()));
        }
    }

    private void topics() throws Exception {
        for (Map.Entry<String, int[]> topic : manifest.topics.entrySet()) {
            TopicConfig config = clients.admin.examineTopicConfig(clients.broker, topic.getKey());
            Check.that(config != null, topic.getKey() + " is unknown");
            int[] want = topic.getValue();
            Check.same(List.of(want[0], want[1], want[2]),
                List.of(config.getReadQueueNums(), config.getWriteQueueNums(), config.getPerm()), topic.getKey());
        }
    }

    private void groups() throws Exception {
        for (Map.Entry<String, int[]> group : manifest.groups.entrySet()) {
            SubscriptionGroupConfig config = clients.admin.examineSubscriptionGroupConfig(clients.broker, group.getKey());
            Check.that(config != null, group.getKey() + " is unknown");
            int[] want = group.getValue();
            Check.same(List.of(want[0], want[1], want[2]),
                List.of(config.getRetryQueueNums(), config.getRetryMaxTimes(), config.isConsumeBroadcastEnable() ? 1 : 0), group.getKey());
        }
    }

    private void offsets() throws Exception {
        for (Manifest.Offset offset : manifest.offsets) {
            QueryConsumerOffsetRequestHeader header = new QueryConsumerOffsetRequestHeader();
            header.setConsumerGroup(offset.group);
            header.setTopic(offset.topic);
            header.setQueueId(offset.queueId);
            Check.same(offset.offset, clients.api().queryConsumerOffset(clients.broker, header, 5000),
                offset.group + " at " + offset.topic + "/" + offset.queueId);
        }
    }

    private void byQueue() throws Exception {
        Map<String, Map<String, MessageExt>> found = new HashMap<>();
        Map<String, Integer> counts = new TreeMap<>();
        for (Manifest.Entry entry : manifest.entries) {
            counts.merge(entry.topic, 1, Integer::sum);
            if (!found.containsKey(entry.topic)) {
                found.put(entry.topic, readTopic(entry.topic));
            }
            String place = entry.queueId + "/" + entry.queueOffset;
            MessageExt message = found.get(entry.topic).get(place);
            Check.that(message != null, entry.topic + " " + place + " " + entry.keys + " is missing");
            compare(entry, message);
        }
        for (Map.Entry<String, Integer> count : counts.entrySet()) {
            Check.same(count.getValue(), found.get(count.getKey()).size(), "messages in " + count.getKey());
        }
    }

    private Map<String, MessageExt> readTopic(String topic) throws Exception {
        Map<String, MessageExt> found = new HashMap<>();
        for (MessageQueue queue : clients.puller.fetchSubscribeMessageQueues(topic)) {
            long offset = clients.puller.minOffset(queue);
            long max = clients.puller.maxOffset(queue);
            while (offset < max) {
                PullResult result = clients.puller.pull(queue, "*", offset, 32);
                Check.same(PullStatus.FOUND, result.getPullStatus(), "pull of " + queue + " at " + offset);
                for (MessageExt message : result.getMsgFoundList()) {
                    found.put(message.getQueueId() + "/" + message.getQueueOffset(), message);
                }
                offset = result.getNextBeginOffset();
            }
        }
        return found;
    }

    private void compare(Manifest.Entry entry, MessageExt message) {
        String what = entry.topic + " " + entry.keys + ": ";
        Check.same(entry.keys, message.getKeys(), what + "keys");
        Check.same(entry.tags, message.getTags(), what + "tags");
        Check.same(entry.msgId, message.getMsgId(), what + "unique id");
        Check.same(entry.flag, message.getFlag(), what + "flag");
        Check.same(entry.bodySha, Manifest.sha(message.getBody()), what + "body");
        entry.properties.forEach((name, value) -> Check.same(value, message.getProperty(name), what + name));
    }

    private void byId() throws Exception {
        for (Manifest.Entry entry : sample()) {
            MessageExt message = clients.admin.viewMessage(entry.topic, entry.offsetMsgId);
            compare(entry, message);
            Check.same(entry.queueOffset, message.getQueueOffset(), entry.keys + ": queue offset");
        }
    }

    private void byKey() throws Exception {
        for (Manifest.Entry entry : sample()) {
            String key = entry.keys.split(" ")[0];
            TreeSet<String> ids = new TreeSet<>();
            Check.await(10_000, entry.topic + " key " + key + " leads to " + entry.msgId + ", got " + ids, () -> {
                try {
                    clients.producer.queryMessage(entry.topic, key, 32, manifest.startedAt - 60_000, System.currentTimeMillis() + 60_000)
                        .getMessageList().forEach(m -> ids.add(m.getMsgId()));
                } catch (MQClientException none) {
                    return false;
                }
                return ids.contains(entry.msgId);
            });
            Check.same(1, ids.size(), "messages of key " + key);
        }
    }

    private void byTime() throws Exception {
        for (MessageQueue queue : clients.puller.fetchSubscribeMessageQueues("sc_plain")) {
            Check.same(0L, clients.puller.searchOffset(queue, manifest.startedAt - 1000), "offset of the beginning");
            Check.same(clients.puller.maxOffset(queue), clients.puller.searchOffset(queue, System.currentTimeMillis() + 60_000), "offset of the future");
            MessageExt tenth = clients.puller.pull(queue, "*", 10, 1).getMsgFoundList().get(0);
            long found = clients.puller.searchOffset(queue, tenth.getStoreTimestamp());
            Check.that(found <= 10, "offset of the tenth message's time is " + found);
        }
    }

    /** One message in ten, and everything of the small topics. */
    private List<Manifest.Entry> sample() {
        return manifest.entries.stream().filter(e -> e.topic.equals("sc_large") || Math.abs(e.keys.hashCode()) % 10 == 0).toList();
    }

    private void appear(Map<String, String> keyToTopic) throws Exception {
        for (Map.Entry<String, String> wanted : keyToTopic.entrySet()) {
            Check.await(30_000, wanted.getKey() + " in " + wanted.getValue(),
                () -> readTopic(wanted.getValue()).values().stream().anyMatch(m -> wanted.getKey().equals(m.getKeys())));
        }
    }

    private void append(int count) throws Exception {
        long base = System.currentTimeMillis();
        for (int i = 0; i < count; i++) {
            Message message = new Message("sc_plain", "appended", "appended-" + base + "-" + i, ("appended " + i).getBytes());
            MessageQueue queue = clients.producer.fetchPublishMessageQueues("sc_plain").get(i % 4);
            long next = manifest.entries.stream().filter(e -> e.topic.equals("sc_plain") && e.queueId == queue.getQueueId())
                .mapToLong(e -> e.queueOffset).max().orElse(-1) + 1;
            SendResult result = clients.producer.send(message, queue);
            Check.same(next, result.getQueueOffset(), "next offset of queue " + queue.getQueueId());
            manifest.add("sc_plain", queue.getQueueId(), result.getQueueOffset(), result.getMsgId(), result.getOffsetMsgId(), message);
        }
        Check.await(5000, "appended messages are readable", () -> {
            byQueue();
            return true;
        });
    }
}
