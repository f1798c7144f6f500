package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;

/** Consumers share the queues as they come and go, told by the broker (the client alone would look each 20 s). */
public final class Rebalance implements TestCase {
    private static final int NOTICE_MS = 8000;

    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 4);
        String group = env.group("g");
        Queue<String> got = new ConcurrentLinkedQueue<>();
        DefaultMQPushConsumer first = start(env, group, topic, got);
        Check.await(NOTICE_MS, "the first has all queues", () -> queues(first, topic) == 4);
        List<String> sent = new ArrayList<>(env.send(topic, "one", 40));
        Check.await(NOTICE_MS, "its messages", () -> got.containsAll(sent));

        DefaultMQPushConsumer second = start(env, group, topic, got);
        Check.await(NOTICE_MS, "both have two queues", () -> queues(first, topic) == 2 && queues(second, topic) == 2);
        sent.addAll(env.send(topic, "two", 40));
        Check.await(NOTICE_MS, "messages of both", () -> got.containsAll(sent));

        second.shutdown();
        Check.await(NOTICE_MS, "the first has all queues again", () -> queues(first, topic) == 4);
        sent.addAll(env.send(topic, "three", 40));
        Check.await(NOTICE_MS, "messages after the second left", () -> got.containsAll(sent));
        Set<String> distinct = new HashSet<>(got);
        Check.sameItems(sent, distinct, "every message at least once");
    }

    private static DefaultMQPushConsumer start(Env env, String group, String topic, Queue<String> got) throws Exception {
        DefaultMQPushConsumer consumer = env.newPush(group, topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(m -> got.add(m.getKeys()));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        return consumer;
    }

    private static long queues(DefaultMQPushConsumer consumer, String topic) {
        return consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable().keySet().stream()
            .filter(queue -> queue.getTopic().equals(topic)).count();
    }
}
