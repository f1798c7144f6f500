package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.ArrayList;
import java.util.List;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.common.message.MessageQueue;

/** Statuses of plain pulls: found, nothing new, wrong offsets, nothing that matches; offsets stored and fetched. */
public final class PullConsumer implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 1);
        List<String> sent = env.send(topic, "k", 50);
        DefaultMQPullConsumer consumer = env.configure(new DefaultMQPullConsumer(env.name("g")));
        consumer.setInstanceName(env.name("i"));
        consumer.start();
        env.onClose(consumer::shutdown);
        MessageQueue queue = consumer.fetchSubscribeMessageQueues(topic).iterator().next();
        Check.await(5000, "50 in the queue", () -> consumer.maxOffset(queue) == 50);

        List<String> got = new ArrayList<>();
        long offset = 0;
        while (offset < 50) {
            PullResult result = consumer.pull(queue, "*", offset, 20);
            Check.same(PullStatus.FOUND, result.getPullStatus(), "status");
            Check.that(result.getMsgFoundList().size() <= 20, "at most what was asked for");
            Check.same(0L, result.getMinOffset(), "min offset");
            Check.same(50L, result.getMaxOffset(), "max offset");
            Check.same(offset + result.getMsgFoundList().size(), result.getNextBeginOffset(), "next offset");
            got.addAll(Env.keys(result.getMsgFoundList()));
            offset = result.getNextBeginOffset();
        }
        Check.same(sent, got, "keys");

        Check.same(PullStatus.NO_NEW_MSG, consumer.pull(queue, "*", 50, 20).getPullStatus(), "at the end");
        PullResult beyond = consumer.pull(queue, "*", 1000, 20);
        Check.same(PullStatus.OFFSET_ILLEGAL, beyond.getPullStatus(), "beyond the end");
        Check.same(50L, beyond.getNextBeginOffset(), "corrected offset");
        PullResult unmatched = consumer.pull(queue, "nosuchtag", 0, 20);
        Check.same(PullStatus.NO_MATCHED_MSG, unmatched.getPullStatus(), "no such tag");
        Check.that(unmatched.getNextBeginOffset() > 0, "moves on over what doesn't match");

        consumer.updateConsumeOffset(queue, 33);
        consumer.getOffsetStore().persist(queue);
        Check.await(5000, "stored offset", () -> consumer.fetchConsumeOffset(queue, true) == 33);
    }
}
