package clients.soak;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.store.OffsetStore;
import org.apache.rocketmq.client.consumer.store.ReadOffsetType;
import org.apache.rocketmq.common.message.MessageQueue;

/** Asks the broker now and then how far the group has committed; that must not go back further than the journal promises. */
final class OffsetWatch implements AutoCloseable {
    private final Thread thread;
    private final AtomicLong farthest = new AtomicLong();
    private final AtomicLong times = new AtomicLong();
    private volatile boolean closed;

    OffsetWatch(DefaultMQPushConsumer consumer, String topic) {
        thread = new Thread(() -> watch(consumer, topic), "soak-offset-watch");
        thread.setDaemon(true);
        thread.start();
    }

    private void watch(DefaultMQPushConsumer consumer, String topic) {
        Map<MessageQueue, Long> highest = new HashMap<>();
        while (!closed) {
            try {
                OffsetStore store = consumer.getDefaultMQPushConsumerImpl().getOffsetStore();
                for (MessageQueue queue : consumer.fetchSubscribeMessageQueues(topic)) {
                    long offset = store.readOffset(queue, ReadOffsetType.READ_FROM_STORE);
                    if (offset < 0) {
                        continue; // none yet, or nobody answered
                    }
                    long before = highest.getOrDefault(queue, -1L);
                    if (offset < before) {
                        times.incrementAndGet();
                        farthest.accumulateAndGet(before - offset, Math::max);
                    }
                    highest.put(queue, Math.max(before, offset));
                }
                Thread.sleep(500);
            } catch (InterruptedException stop) {
                return;
            } catch (Exception unreachable) {
                // between two masters
            }
        }
    }

    /** How often a committed offset was lower than it had been. */
    long times() {
        return times.get();
    }

    /** By how many messages at most. */
    long farthest() {
        return farthest.get();
    }

    @Override
    public void close() {
        closed = true;
        thread.interrupt();
    }
}
