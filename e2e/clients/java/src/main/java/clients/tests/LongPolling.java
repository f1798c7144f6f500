package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;

/** A held pull is answered when a message comes, not at the next scan. */
public final class LongPolling implements TestCase {
    private static final int LIMIT_MS = 500;

    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 1);
        Map<String, Long> arrived = new ConcurrentHashMap<>();
        DefaultMQPushConsumer consumer = env.newPush(env.group("g"), topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(m -> arrived.put(m.getKeys(), System.nanoTime()));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        env.send(topic, "first", 1);
        Check.await(Env.START_MS, "the consumer runs", () -> arrived.containsKey("first-0"));
        int fast = 0;
        for (int i = 0; i < 5; i++) {
            Check.that(!Check.holdsWithin(300, () -> false), "the next pull is held meanwhile");
            String key = "timed" + i;
            env.producer().send(env.message(topic, key));
            long sent = System.nanoTime();
            Check.await(10_000, key, () -> arrived.containsKey(key));
            if ((arrived.get(key) - sent) / 1_000_000 < LIMIT_MS) {
                fast++;
            }
        }
        Check.that(fast >= 4, "only " + fast + " of 5 messages came within " + LIMIT_MS + " ms");
    }
}
