package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Min, max and searched offsets, and the earliest store time, of a full and of an empty queue. */
public final class QueueOffsets implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 1);
        DefaultMQProducer producer = env.producer();
        MessageQueue queue = producer.fetchPublishMessageQueues(topic).get(0);
        Check.same(0L, producer.minOffset(queue), "min of an empty queue");
        Check.same(0L, producer.maxOffset(queue), "max of an empty queue");
        Check.same(-1L, producer.earliestMsgStoreTime(queue), "earliest store time of an empty queue");
        env.send(topic, "k", 5);
        Check.await(5000, "max offset", () -> producer.maxOffset(queue) == 5);
        Check.same(0L, producer.minOffset(queue), "min");
        MessageExt first = env.readAll(queue).get(0);
        Check.same(first.getStoreTimestamp(), producer.earliestMsgStoreTime(queue), "earliest store time");
        Check.same(0L, producer.searchOffset(queue, 0), "offset of the beginning of time");
        Check.same(0L, producer.searchOffset(queue, first.getStoreTimestamp()), "offset of the first message's time");
        Check.same(5L, producer.searchOffset(queue, System.currentTimeMillis() + 60_000), "offset of the future");
    }
}
