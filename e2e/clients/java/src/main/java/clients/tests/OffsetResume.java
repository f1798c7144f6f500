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

/** A restarted consumer goes on where the group stopped, and misses nothing sent while it was away. */
public final class OffsetResume implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 2);
        String group = env.group("g");
        List<String> before = env.send(topic, "before", 20);
        Check.sameItems(before, consume(env, group, topic, 20), "first life");
        List<String> away = env.send(topic, "away", 20);
        Check.sameItems(away, consume(env, group, topic, 20), "second life");
    }

    private static Queue<String> consume(Env env, String group, String topic, int count) throws Exception {
        Queue<String> got = new ConcurrentLinkedQueue<>();
        DefaultMQPushConsumer consumer = env.newPush(group, topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(m -> got.add(m.getKeys()));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        // Without it shutdown commits offsets while the last listener is still returning, and its message comes again.
        consumer.setAwaitTerminationMillisWhenShutdown(5_000);
        consumer.start();
        Check.await(Env.START_MS, count + " messages", () -> got.size() >= count);
        consumer.shutdown();
        return got;
    }
}
