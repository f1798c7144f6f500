package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.common.message.MessageExt;

/** Order per queue, also across a suspended (failed) message. */
public final class Orderly implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 3);
        Map<Integer, List<Integer>> got = new ConcurrentHashMap<>();
        AtomicInteger count = new AtomicInteger();
        AtomicBoolean failedOnce = new AtomicBoolean();
        DefaultMQPushConsumer consumer = env.newPush(env.group("g"), topic, "*");
        consumer.setSuspendCurrentQueueTimeMillis(100);
        consumer.registerMessageListener((MessageListenerOrderly) (messages, context) -> {
            for (MessageExt message : messages) {
                int number = Integer.parseInt(message.getKeys());
                if (number == 31 && failedOnce.compareAndSet(false, true)) {
                    return ConsumeOrderlyStatus.SUSPEND_CURRENT_QUEUE_A_MOMENT;
                }
                got.computeIfAbsent(message.getQueueId(), q -> new ArrayList<>()).add(number);
                count.incrementAndGet();
            }
            return ConsumeOrderlyStatus.SUCCESS;
        });
        consumer.start();
        int total = 90;
        for (int i = 0; i < total; i++) {
            env.producer().send(env.message(topic, String.valueOf(i)), (queues, message, arg) -> queues.get((int) arg % 3), i);
        }
        Check.await(40_000, total + " messages", () -> count.get() >= total);
        Check.same(total, count.get(), "each message once");
        Check.that(failedOnce.get(), "the failing message was retried in place");
        got.forEach((queue, numbers) -> {
            for (int i = 1; i < numbers.size(); i++) {
                Check.same(numbers.get(i - 1) + 3, numbers.get(i), "next in queue " + queue);
            }
        });
    }
}
