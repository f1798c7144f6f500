package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;

public final class PushClustering implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 4);
        List<String> before = env.send(topic, "before", 50);
        Queue<String> got = new ConcurrentLinkedQueue<>();
        DefaultMQPushConsumer consumer = env.newPush(env.group("g"), topic, "*");
        consumer.setConsumeMessageBatchMaxSize(8);
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(m -> got.add(m.getKeys()));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        Check.await(Env.START_MS, "the backlog", () -> got.size() >= 50);
        before.addAll(env.send(topic, "after", 50));
        Check.await(Env.START_MS, "new messages", () -> got.size() >= 100);
        Check.sameItems(before, got, "keys");
    }
}
