package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.common.UtilAll;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageQueue;

/**
 * An offset found by time. A push consumer of a new group that wants to start by time gets all messages of a young topic:
 * the broker answers offset 0 while a queue's first message is still in memory, so the client never asks for the time.
 */
public final class OffsetByTimestamp implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 1);
        List<String> all = env.send(topic, "before", 5);
        long split = System.currentTimeMillis() / 1000 * 1000 + 1000;
        Check.await(3000, "the next second", () -> System.currentTimeMillis() > split + 20);
        List<String> after = env.send(topic, "after", 5);
        all.addAll(after);

        DefaultLitePullConsumer lite = env.newLitePull(env.name("lite"));
        lite.start();
        MessageQueue queue = lite.fetchMessageQueues(topic).iterator().next();
        Check.await(5000, "offset of the time", () -> lite.offsetForTimestamp(queue, split) == 5);
        lite.assign(List.of(queue));
        // A pull that the client had under way may still bring its messages after a seek: then seek again.
        for (int attempt = 1; ; attempt++) {
            lite.seek(queue, lite.offsetForTimestamp(queue, split));
            var polled = LitePullAssign.poll(lite, 5);
            if (attempt == 3 || List.copyOf(polled).equals(after)) {
                Check.sameItems(after, polled, "messages from that time on");
                break;
            }
        }

        Queue<String> got = new ConcurrentLinkedQueue<>();
        DefaultMQPushConsumer push = env.newPush(env.group("push"), topic, "*");
        push.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_TIMESTAMP);
        push.setConsumeTimestamp(UtilAll.timeMillisToHumanString3(split));
        push.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(m -> got.add(m.getKeys()));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        push.start();
        Check.await(Env.START_MS, "messages of the push consumer", () -> got.containsAll(all));
        Check.sameItems(all, got, "push consumer");
    }
}
