package clients;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.ClientConfig;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.impl.factory.MQClientInstance;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/** What one test needs: names of its own, and clients that are closed when it ends. */
public final class Env implements AutoCloseable {
    private static final String RUN = Long.toString(System.currentTimeMillis(), 36);
    private static final AtomicInteger SEQUENCE = new AtomicInteger();

    /** Long enough for a consumer whose first look at the route failed: it looks at its queues again after 20 s. */
    public static final int START_MS = 40_000;

    private final Shared shared;
    private final String prefix;
    private final Deque<Runnable> closers = new ConcurrentLinkedDeque<>();

    public Env(Shared shared, String test) {
        this.shared = shared;
        this.prefix = test.replace('-', '_') + "_" + RUN + "_" + SEQUENCE.incrementAndGet();
    }

    public String cluster() {
        return shared.cluster();
    }

    public String brokerAddress() {
        return shared.brokerAddress();
    }

    public DefaultMQAdminExt admin() {
        return shared.admin();
    }

    public DefaultMQProducer producer() {
        return shared.producer();
    }

    public MQClientInstance client() {
        return producer().getDefaultMQProducerImpl().getMqClientFactory();
    }

    /** A name that no other test or run uses. */
    public String name(String suffix) {
        return prefix + "_" + suffix;
    }

    /** Creates a topic on one broker of the cluster and waits for its route. */
    public String topic(String suffix, int queues) throws Exception {
        String topic = name(suffix);
        createTopic(topic, queues);
        return topic;
    }

    public void createTopic(String topic, int queues) throws Exception {
        admin().createAndUpdateTopicConfig(shared.brokerAddress(), new TopicConfig(topic, queues, queues, 6));
        Check.await(5000, "route of " + topic, () -> {
            try {
                return producer().fetchPublishMessageQueues(topic).size() == queues;
            } catch (Exception notYet) {
                return false;
            }
        });
    }

    /** A group whose retry topic has a route before its consumer starts (else the first rebalance misses it). */
    public String group(String suffix) throws Exception {
        String group = name(suffix);
        createTopic("%RETRY%" + group, 1);
        return group;
    }

    public <T extends ClientConfig> T configure(T client) {
        client.setNamesrvAddr(shared.namesrv());
        client.setPollNameServerInterval(1000);
        return client;
    }

    public DefaultMQProducer newProducer(String suffix) throws Exception {
        DefaultMQProducer producer = configure(new DefaultMQProducer(name(suffix)));
        producer.setInstanceName(name(suffix));
        producer.start();
        onClose(producer::shutdown);
        return producer;
    }

    /** A push consumer that is not started yet: it reads a new group's messages from the first on. */
    public DefaultMQPushConsumer newPush(String group, String topic, String tags) throws Exception {
        DefaultMQPushConsumer consumer = configure(new DefaultMQPushConsumer(group));
        consumer.setInstanceName(group + "#" + SEQUENCE.incrementAndGet());
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setConsumeThreadMin(2);
        consumer.setConsumeThreadMax(4);
        consumer.subscribe(topic, tags);
        onClose(consumer::shutdown);
        return consumer;
    }

    public DefaultLitePullConsumer newLitePull(String group) {
        DefaultLitePullConsumer consumer = configure(new DefaultLitePullConsumer(group));
        consumer.setInstanceName(group + "#" + SEQUENCE.incrementAndGet());
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setPullThreadNums(2);
        onClose(consumer::shutdown);
        return consumer;
    }

    public void onClose(Runnable closer) {
        closers.push(closer);
    }

    /** Sends `count` messages with keys `<name>-0...` and returns the keys. */
    public List<String> send(String topic, String keyPrefix, int count) throws Exception {
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            keys.add(keyPrefix + "-" + i);
            producer().send(message(topic, keyPrefix + "-" + i));
        }
        return keys;
    }

    public Message message(String topic, String key) {
        return new Message(topic, "", key, ("body of " + key).getBytes(StandardCharsets.UTF_8));
    }

    /** Reads a topic with plain pulls until `count` messages came, then once more to see that none follows. */
    public List<MessageExt> drain(String topic, int count, long limitMs) throws Exception {
        List<MessageExt> all = new ArrayList<>();
        Set<MessageQueue> queues = producer().getDefaultMQProducerImpl().getMqClientFactory().getMQAdminImpl().fetchSubscribeMessageQueues(topic);
        Check.holdsWithin(limitMs, () -> {
            all.clear();
            for (MessageQueue queue : queues) {
                all.addAll(readAll(queue));
            }
            return all.size() >= count;
        });
        return all;
    }

    public List<MessageExt> readAll(MessageQueue queue) throws Exception {
        List<MessageExt> found = new ArrayList<>();
        long offset = shared.puller().minOffset(queue);
        long max = shared.puller().maxOffset(queue);
        while (offset < max) {
            PullResult result = shared.puller().pull(queue, "*", offset, 32);
            if (result.getPullStatus() == PullStatus.FOUND) {
                found.addAll(result.getMsgFoundList());
            }
            if (result.getNextBeginOffset() <= offset) {
                break;
            }
            offset = result.getNextBeginOffset();
        }
        return found;
    }

    public static List<String> keys(Collection<MessageExt> messages) {
        return messages.stream().map(MessageExt::getKeys).toList();
    }

    @Override
    public void close() {
        while (!closers.isEmpty()) {
            try {
                closers.pop().run();
            } catch (RuntimeException ignored) {
                // a client that failed to start can't be shut down; the test has already said why
            }
        }
    }
}
