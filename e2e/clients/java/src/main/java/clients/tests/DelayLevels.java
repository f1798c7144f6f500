package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

public final class DelayLevels implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 2);
        Map<String, MessageExt> got = new ConcurrentHashMap<>();
        Map<String, Long> arrived = new ConcurrentHashMap<>();
        DefaultMQPushConsumer consumer = env.newPush(env.group("g"), topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                arrived.put(message.getKeys(), System.currentTimeMillis());
                got.put(message.getKeys(), message);
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        env.send(topic, "now", 1);
        Check.await(Env.START_MS, "the consumer runs", () -> got.containsKey("now-0"));
        long[] delays = {0, 1000, 5000};
        for (int level : new int[] {2, 1}) {
            Message message = env.message(topic, "level" + level);
            message.setDelayTimeLevel(level);
            message.putUserProperty("mine", "kept");
            env.producer().send(message);
        }
        Check.await(Env.START_MS, "both messages", () -> got.size() == 3);
        for (int level : new int[] {1, 2}) {
            MessageExt message = got.get("level" + level);
            long took = arrived.get("level" + level) - message.getBornTimestamp();
            Check.that(took >= delays[level] - 10 && took < delays[level] + 2500, "level " + level + " took " + took + " ms");
            Check.same(topic, message.getTopic(), "topic");
            Check.same("kept", message.getUserProperty("mine"), "user property");
        }
        List<MessageExt> stored = env.drain(topic, 3, 1000);
        Check.sameItems(List.of("now-0", "level1", "level2"), Env.keys(stored), "stored once each");
    }
}
