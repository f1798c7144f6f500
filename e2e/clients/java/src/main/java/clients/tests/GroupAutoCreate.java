package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;

/** A group that nobody created consumes, and its retry topic appears. */
public final class GroupAutoCreate implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 1);
        String group = env.name("g");
        AtomicInteger got = new AtomicInteger();
        DefaultMQPushConsumer consumer = env.newPush(group, topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            got.addAndGet(messages.size());
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        env.send(topic, "k", 3);
        Check.await(Env.START_MS, "messages", () -> got.get() == 3);
        Check.await(Env.START_MS, "route of the retry topic", () -> {
            try {
                return env.admin().examineTopicRouteInfo("%RETRY%" + group).getQueueDatas().get(0).getReadQueueNums() == 1;
            } catch (Exception notYet) {
                return false;
            }
        });
    }
}
