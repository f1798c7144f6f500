package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.common.message.MessageQueue;

/** Lite pull with assigned queues: from the begin, from a sought offset, and from the end. */
public final class LitePullAssign implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 2);
        List<String> sent = env.send(topic, "k", 40);
        DefaultLitePullConsumer consumer = env.newLitePull(env.name("g"));
        consumer.setAutoCommit(false);
        consumer.start();
        Collection<MessageQueue> queues = consumer.fetchMessageQueues(topic);
        Check.same(2, queues.size(), "queues");
        consumer.assign(queues);
        for (MessageQueue queue : queues) {
            consumer.seekToBegin(queue);
        }
        Check.sameItems(sent, poll(consumer, 40), "from the begin");
        for (MessageQueue queue : queues) {
            consumer.seek(queue, 15);
        }
        Check.same(10, poll(consumer, 10).size(), "the last five of each queue");
        for (MessageQueue queue : queues) {
            consumer.seekToEnd(queue);
        }
        List<String> later = env.send(topic, "later", 4);
        Check.sameItems(later, poll(consumer, 4), "from the end");
    }

    static List<String> poll(DefaultLitePullConsumer consumer, int count) throws Exception {
        List<String> got = new ArrayList<>();
        Check.holdsWithin(Env.START_MS, () -> {
            got.addAll(Env.keys(consumer.poll(200)));
            return got.size() >= count;
        });
        return got;
    }
}
