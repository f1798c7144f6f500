package storecompat;

import clients.Check;
import clients.Options;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.header.UpdateConsumerOffsetRequestHeader;
import org.apache.rocketmq.remoting.protocol.subscription.SubscriptionGroupConfig;

/** Writes a known set of messages, settings and offsets: `Writer --namesrv A --manifest FILE [--messages 1000]`. */
public final class Writer {
    private final Clients clients;
    private final Manifest manifest = new Manifest();
    private final Random random = new Random(7);
    private final int count;

    private Writer(Clients clients, int count) {
        this.clients = clients;
        this.count = count;
    }

    public static void main(String[] args) {
        Options options = new Options(args);
        try (Clients clients = new Clients(options.namesrv())) {
            Writer writer = new Writer(clients, options.number("messages", 1000));
            writer.run();
            writer.manifest.write(options.get("manifest", "manifest.json"));
            System.out.println("wrote " + writer.manifest.entries.size() + " messages");
            System.exit(0);
        } catch (Throwable error) {
            System.out.println("FAIL writer " + error);
            error.printStackTrace();
            System.exit(1);
        }
    }

    private void run() throws Exception {
        manifest.startedAt = System.currentTimeMillis();
        topic("sc_plain", 4, 4, 6);
        topic("sc_odd", 5, 3, 6);
        topic("sc_batch", 1, 1, 6);
        topic("sc_large", 1, 1, 6);
        topic("sc_delay", 1, 1, 6);
        topic("sc_readonly", 2, 2, 4);
        group("sc_group", 2, 7, 0);
        group("sc_group_plain", 1, 16, 1);
        for (int i = 0; i < count; i++) {
            send(message(i % 5 == 0 ? "sc_odd" : "sc_plain", i));
        }
        for (int i = 0; i < 20; i++) {
            batch(i);
        }
        for (int i = 0; i < 5; i++) {
            byte[] body = new byte[1024 * 1024 * (i + 1) / 2];
            random.nextBytes(body);
            send(new Message("sc_large", "large", "large-" + i, body));
        }
        deadLetter();
        commit("sc_group", "sc_plain", 3);
        commit("sc_group_plain", "sc_odd", 11);
        delay("due-soon", 1);
        delay("due-later", 3);
    }

    private void topic(String name, int readQueues, int writeQueues, int perm) throws Exception {
        clients.admin.createAndUpdateTopicConfig(clients.broker, new TopicConfig(name, readQueues, writeQueues, perm));
        manifest.topics.put(name, new int[] {readQueues, writeQueues, perm});
        Check.await(5000, "route of " + name, () -> {
            try {
                return clients.admin.examineTopicRouteInfo(name).getQueueDatas().get(0).getReadQueueNums() == readQueues;
            } catch (Exception notYet) {
                return false;
            }
        });
    }

    private void group(String name, int retryQueues, int retryMaxTimes, int broadcast) throws Exception {
        SubscriptionGroupConfig config = new SubscriptionGroupConfig();
        config.setGroupName(name);
        config.setRetryQueueNums(retryQueues);
        config.setRetryMaxTimes(retryMaxTimes);
        config.setConsumeBroadcastEnable(broadcast == 1);
        clients.admin.createAndUpdateSubscriptionGroupConfig(clients.broker, config);
        manifest.groups.put(name, new int[] {retryQueues, retryMaxTimes, broadcast});
    }

    private Message message(String topic, int number) {
        Message message = new Message(topic, "tag" + number % 7, "key-" + number + " group-" + number % 10,
            ("body " + number + " \u4e2d\u6587 ").repeat(number % 40).getBytes(StandardCharsets.UTF_8));
        if (message.getBody().length == 0) {
            message.setBody(new byte[] {(byte) number});
        }
        message.setFlag(number);
        message.putUserProperty("user\u5c5e\u6027", "\u503c " + number);
        return message;
    }

    private SendResult send(Message message) throws Exception {
        SendResult result = clients.producer.send(message, 10_000);
        Check.same(SendStatus.SEND_OK, result.getSendStatus(), "status");
        manifest.add(message.getTopic(), result.getMessageQueue().getQueueId(), result.getQueueOffset(), result.getMsgId(),
            result.getOffsetMsgId(), message);
        return result;
    }

    private void batch(int round) throws Exception {
        List<Message> batch = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Message message = new Message("sc_batch", "batch" + i % 3, "batch-" + round + "-" + i, ("batch body " + i).getBytes());
            message.putUserProperty("userIndex", String.valueOf(i));
            batch.add(message);
        }
        SendResult result = clients.producer.send(batch);
        String[] ids = result.getMsgId().split(",");
        String[] offsetIds = result.getOffsetMsgId().split(",");
        for (int i = 0; i < batch.size(); i++) {
            manifest.add("sc_batch", result.getMessageQueue().getQueueId(), result.getQueueOffset() + i, ids[i], offsetIds[i], batch.get(i));
        }
    }

    private void deadLetter() throws Exception {
        MessageQueue queue = clients.producer.fetchPublishMessageQueues("sc_batch").get(0);
        PullResult pulled = clients.puller.pull(queue, "*", 0, 1);
        clients.puller.sendMessageBack(pulled.getMsgFoundList().get(0), -1, queue.getBrokerName(), "sc_group");
        manifest.deadLetters.put(pulled.getMsgFoundList().get(0).getKeys(), "%DLQ%sc_group");
    }

    private void commit(String group, String topic, int step) throws Exception {
        for (MessageQueue queue : clients.producer.fetchPublishMessageQueues(topic)) {
            Manifest.Offset offset = new Manifest.Offset();
            offset.group = group;
            offset.topic = topic;
            offset.queueId = queue.getQueueId();
            offset.offset = (long) step * (queue.getQueueId() + 1);
            UpdateConsumerOffsetRequestHeader header = new UpdateConsumerOffsetRequestHeader();
            header.setConsumerGroup(group);
            header.setTopic(topic);
            header.setQueueId(offset.queueId);
            header.setCommitOffset(offset.offset);
            clients.api().updateConsumerOffset(clients.broker, header, 5000);
            manifest.offsets.add(offset);
        }
    }

    private void delay(String key, int level) throws Exception {
        Message message = new Message("sc_delay", "delayed", key, ("body of " + key).getBytes());
        message.setDelayTimeLevel(level);
        clients.producer.send(message);
        manifest.delayed.put(key, "sc_delay");
    }
}
