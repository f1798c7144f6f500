package console;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.store.ReadOffsetType;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.client.impl.consumer.DefaultMQPushConsumerImpl;
import org.apache.rocketmq.client.impl.consumer.ProcessQueue;
import org.apache.rocketmq.client.impl.factory.MQClientInstance;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.header.QueryConsumerOffsetRequestHeader;
import org.apache.rocketmq.remoting.protocol.subscription.SubscriptionGroupConfig;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/** Numbered messages: number N has the key "N" and a body that begins with "N ". */
final class Clients implements AutoCloseable {
    private final String namesrv;
    private final DefaultMQProducer producer = new DefaultMQProducer("console_producer");
    private final DefaultMQAdminExt admin = new DefaultMQAdminExt(5000);
    private final AtomicInteger instances = new AtomicInteger();

    Clients(String namesrv) throws Exception {
        this.namesrv = namesrv;
        producer.setNamesrvAddr(namesrv);
        producer.setInstanceName("console-producer");
        producer.setPollNameServerInterval(500);
        producer.setRetryTimesWhenSendFailed(0); // an answer is what a test asks for
        producer.setSendMsgTimeout(8000);
        producer.setCompressMsgBodyOverHowmuch(Integer.MAX_VALUE); // sizes are meant
        producer.start();
        admin.setNamesrvAddr(namesrv);
        admin.setInstanceName("console-admin");
        admin.setPollNameServerInterval(500);
        admin.start();
    }

    Map<String, Object> topic(String broker, String name, int queues) throws Exception {
        make(broker, name, queues);
        return Map.of("ok", true);
    }

    private void make(String broker, String topic, int queues) throws Exception {
        admin.createAndUpdateTopicConfig(broker, new TopicConfig(topic, queues, queues, 6));
        // A consumer that looks before clients can find it looks again only after 20 s.
        within(10, () -> !admin.examineTopicRouteInfo(topic).getQueueDatas().isEmpty());
    }

    Map<String, Object> group(String broker, String name, int retries) throws Exception {
        SubscriptionGroupConfig group = new SubscriptionGroupConfig();
        group.setGroupName(name);
        group.setRetryMaxTimes(retries);
        admin.createAndUpdateSubscriptionGroupConfig(broker, group);
        make(broker, "%RETRY%" + name, 1);
        return Map.of("ok", true);
    }

    /** How often each answer came, and which numbers were acknowledged. `wait`: the answer may wait for disk and replicas. */
    Map<String, Object> send(String topic, int from, int to, int size, int delayLevel, boolean wait) {
        Map<String, Integer> answers = new TreeMap<>();
        Set<Integer> acknowledged = new HashSet<>();
        for (int number = from; number < to; number++) {
            String answer;
            try {
                Message message = message(topic, number, size);
                message.setDelayTimeLevel(delayLevel);
                message.setWaitStoreMsgOK(wait);
                answer = producer.send(message).getSendStatus().name();
            } catch (MQBrokerException refused) {
                answer = "code " + refused.getResponseCode();
            } catch (MQClientException nobody) {
                answer = "client " + nobody.getResponseCode();
            } catch (Exception error) {
                answer = error.getClass().getSimpleName();
            }
            answers.merge(answer, 1, Integer::sum);
            if (answer.equals("SEND_OK")) {
                acknowledged.add(number);
            }
        }
        return Map.of("answers", answers, "acknowledged", acknowledged);
    }

    private static Message message(String topic, int number, int size) {
        String begin = number + " ";
        return new Message(topic, "", Integer.toString(number), (begin + "x".repeat(Math.max(0, size - begin.length()))).getBytes());
    }

    /** A push consumer that stops once it has all numbers of [from, to), or after `seconds`; a new group begins with the first message. */
    Map<String, Object> consume(String group, String topic, int from, int to, int seconds) throws Exception {
        Map<Integer, Integer> seen = new ConcurrentHashMap<>();
        CountDownLatch wanted = new CountDownLatch(to - from);
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(namesrv);
        consumer.setInstanceName("console-" + instances.incrementAndGet());
        consumer.setPollNameServerInterval(500);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                int number = Integer.parseInt(message.getKeys());
                if (seen.merge(number, 1, Integer::sum) == 1 && number >= from && number < to) {
                    wanted.countDown();
                }
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        wanted.await(seconds, TimeUnit.SECONDS);
        // A consumer that ends does not wait for its last commits.
        DefaultMQPushConsumerImpl inside = consumer.getDefaultMQPushConsumerImpl();
        within(30, () -> {
            inside.persistConsumerOffset();
            for (MessageQueue queue : consumer.fetchSubscribeMessageQueues(topic)) {
                if (!committed(inside, group, queue)) {
                    return false;
                }
            }
            return true;
        });
        consumer.shutdown();
        Map<String, Object> result = new HashMap<>();
        result.put("missing", wanted.getCount());
        result.put("others", seen.keySet().stream().filter(number -> number < from || number >= to).sorted().toList());
        result.put("again", seen.values().stream().mapToInt(times -> times - 1).sum());
        return result;
    }

    /** All that was taken from the queue is done, and the broker knows. (OffsetStore.readOffset would change what is committed.) */
    private static boolean committed(DefaultMQPushConsumerImpl consumer, String group, MessageQueue queue) throws Exception {
        ProcessQueue taken = consumer.getRebalanceImpl().getProcessQueueTable().get(queue);
        if (taken == null || taken.getMsgCount().get() > 0) {
            return false;
        }
        QueryConsumerOffsetRequestHeader request = new QueryConsumerOffsetRequestHeader();
        request.setConsumerGroup(group);
        request.setTopic(queue.getTopic());
        request.setQueueId(queue.getQueueId());
        MQClientInstance client = consumer.getmQClientFactory();
        String broker = client.findBrokerAddressInSubscribe(queue.getBrokerName(), 0, false).getBrokerAddr();
        long known = client.getMQClientAPIImpl().queryConsumerOffset(broker, request, 3000);
        return known == consumer.getOffsetStore().readOffset(queue, ReadOffsetType.READ_FROM_MEMORY);
    }

    private static void within(int seconds, Callable<Boolean> condition) throws InterruptedException {
        for (long end = System.nanoTime() + seconds * 1_000_000_000L; System.nanoTime() < end; Thread.sleep(50)) {
            try {
                if (condition.call()) {
                    return;
                }
            } catch (Exception notYet) {
                // nobody answers, or not with that
            }
        }
    }

    /** The numbers in all queues of the topic, in the order of their places; bodies are looked at as well. */
    Map<String, Object> read(String topic) throws Exception {
        DefaultMQPullConsumer consumer = new DefaultMQPullConsumer("console_reader");
        consumer.setNamesrvAddr(namesrv);
        consumer.setInstanceName("console-" + instances.incrementAndGet());
        consumer.start();
        try {
            Map<String, List<Integer>> numbers = new TreeMap<>();
            for (MessageQueue queue : consumer.fetchSubscribeMessageQueues(topic)) {
                numbers.put(queue.getBrokerName() + "/" + queue.getQueueId(), readQueue(consumer, queue));
            }
            return Map.of("numbers", numbers);
        } finally {
            consumer.shutdown();
        }
    }

    private static List<Integer> readQueue(DefaultMQPullConsumer consumer, MessageQueue queue) throws Exception {
        List<Integer> numbers = new ArrayList<>();
        long offset = consumer.minOffset(queue);
        long max = consumer.maxOffset(queue);
        while (offset < max) {
            PullResult result = consumer.pull(queue, "*", offset, 32);
            if (result.getPullStatus() == PullStatus.FOUND) {
                for (MessageExt message : result.getMsgFoundList()) {
                    if (!new String(message.getBody()).startsWith(message.getKeys() + " ")) {
                        throw new IllegalStateException("body of " + message.getKeys() + " is another's");
                    }
                    numbers.add(Integer.parseInt(message.getKeys()));
                }
            }
            if (result.getNextBeginOffset() <= offset) {
                throw new IllegalStateException("stuck at " + queue + " " + offset + ": " + result.getPullStatus());
            }
            offset = result.getNextBeginOffset();
        }
        return numbers;
    }

    @Override
    public void close() {
        producer.shutdown();
        admin.shutdown();
    }
}
