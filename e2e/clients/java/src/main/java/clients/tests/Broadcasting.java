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
import org.apache.rocketmq.remoting.protocol.heartbeat.MessageModel;

public final class Broadcasting implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 2);
        String group = env.name("g");
        List<Queue<String>> got = List.of(new ConcurrentLinkedQueue<>(), new ConcurrentLinkedQueue<>());
        for (Queue<String> mine : got) {
            DefaultMQPushConsumer consumer = env.newPush(group, topic, "*");
            consumer.setMessageModel(MessageModel.BROADCASTING);
            consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
                messages.forEach(m -> mine.add(m.getKeys()));
                return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
            consumer.start();
        }
        List<String> sent = env.send(topic, "k", 30);
        Check.await(Env.START_MS, "all messages at both consumers", () -> got.get(0).size() >= 30 && got.get(1).size() >= 30);
        Check.sameItems(sent, got.get(0), "first consumer");
        Check.sameItems(sent, got.get(1), "second consumer");
    }
}
