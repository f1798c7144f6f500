package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.List;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;

/** Lite pull in subscribe mode: a second consumer of the group goes on after what the first committed. */
public final class LitePullSubscribe implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 2);
        String group = env.name("g");
        List<String> sent = env.send(topic, "one", 20);
        DefaultLitePullConsumer first = start(env, group, topic);
        Check.sameItems(sent, LitePullAssign.poll(first, 20), "first consumer");
        first.commitSync();
        first.shutdown();
        List<String> more = env.send(topic, "two", 10);
        DefaultLitePullConsumer second = start(env, group, topic);
        Check.sameItems(more, LitePullAssign.poll(second, 10), "second consumer");
    }

    private static DefaultLitePullConsumer start(Env env, String group, String topic) throws Exception {
        DefaultLitePullConsumer consumer = env.newLitePull(group);
        consumer.setAutoCommit(false);
        consumer.subscribe(topic, "*");
        consumer.start();
        return consumer;
    }
}
