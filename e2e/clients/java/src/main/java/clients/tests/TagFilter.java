package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.common.message.Message;

public final class TagFilter implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 2);
        Queue<String> got = new ConcurrentLinkedQueue<>();
        DefaultMQPushConsumer consumer = env.newPush(env.group("g"), topic, "red || \u84dd");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(m -> got.add(m.getTags() + m.getKeys()));
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        List<String> wanted = new ArrayList<>();
        String[] tags = {"red", "green", "\u84dd", ""};
        for (int i = 0; i < 40; i++) {
            Message message = env.message(topic, "k" + i);
            message.setTags(tags[i % 4]);
            env.producer().send(message);
            if (i % 4 == 0 || i % 4 == 2) {
                wanted.add(tags[i % 4] + "k" + i);
            }
        }
        Check.await(Env.START_MS, "20 messages", () -> got.size() >= wanted.size());
        Check.sameItems(wanted, got, "tagged messages");
    }
}
