package clients.soak;

import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Reads every queue of the topic at the end, to tell what is not stored from what was only not delivered. */
public final class StoreReader {
    private StoreReader() {
    }

    static String name(MessageQueue queue) {
        return queue.getBrokerName() + "/" + queue.getQueueId();
    }

    public static void read(String namesrv, String topic, String run, Ledger ledger, long limitMs) throws Exception {
        DefaultMQPullConsumer consumer = new DefaultMQPullConsumer("soak_reader");
        consumer.setNamesrvAddr(namesrv);
        consumer.start();
        long end = System.nanoTime() + limitMs * 1_000_000;
        while (System.nanoTime() < end) {
            try {
                for (MessageQueue queue : consumer.fetchSubscribeMessageQueues(topic)) {
                    readQueue(consumer, queue, run, ledger);
                }
                ledger.storeRead();
                break;
            } catch (Exception unreachable) {
                Thread.sleep(500);
            }
        }
        consumer.shutdown();
    }

    private static void readQueue(DefaultMQPullConsumer consumer, MessageQueue queue, String run, Ledger ledger) throws Exception {
        long offset = consumer.minOffset(queue);
        long max = consumer.maxOffset(queue);
        while (offset < max) {
            PullResult result = consumer.pull(queue, run, offset, 32);
            if (result.getPullStatus() == PullStatus.FOUND) {
                for (MessageExt message : result.getMsgFoundList()) {
                    ledger.store(Long.parseLong(message.getKeys().substring(run.length() + 1)), name(queue), message.getQueueOffset());
                }
            }
            if (result.getNextBeginOffset() <= offset) {
                throw new IllegalStateException("stuck at " + queue + " " + offset);
            }
            offset = result.getNextBeginOffset();
        }
    }
}
