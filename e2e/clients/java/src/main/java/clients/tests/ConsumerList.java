package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.ArrayList;
import java.util.List;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;

/** The broker lists a group's consumers, and drops them at once when they unregister. */
public final class ConsumerList implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 1);
        String group = env.name("g");
        List<DefaultMQPushConsumer> consumers = new ArrayList<>();
        List<String> ids = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            DefaultMQPushConsumer consumer = env.newPush(group, topic, "*");
            consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> ConsumeConcurrentlyStatus.CONSUME_SUCCESS);
            consumer.start();
            consumers.add(consumer);
            ids.add(consumer.buildMQClientId());
        }
        Check.await(5000, "both are listed", () -> list(env, topic, group).size() == 2);
        Check.sameItems(ids, list(env, topic, group), "client ids");
        consumers.get(0).shutdown();
        Check.await(3000, "one is left", () -> list(env, topic, group).equals(List.of(ids.get(1))));
        consumers.get(1).shutdown();
        Check.await(3000, "none is left", () -> list(env, topic, group).isEmpty());
    }

    private static List<String> list(Env env, String topic, String group) {
        List<String> found = env.client().findConsumerIdList(topic, group);
        return found == null ? List.of() : found;
    }
}
