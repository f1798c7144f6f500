package clients.soak;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.impl.factory.MQClientInstance;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.header.QueryConsumerOffsetRequestHeader;

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
        for (; !closed; LockSupport.parkNanos(500_000_000)) {
            try {
                for (MessageQueue queue : consumer.fetchSubscribeMessageQueues(topic)) {
                    long offset = committed(consumer, queue);
                    long before = highest.getOrDefault(queue, -1L);
                    if (offset < before) {
                        times.incrementAndGet();
                        farthest.accumulateAndGet(before - offset, Math::max);
                    }
                    highest.put(queue, Math.max(before, offset));
                }
            } catch (Exception noneYet) {
                // or between two masters
            }
        }
    }

    /** As the broker has it; OffsetStore.readOffset() would also change what the client commits next. */
    private static long committed(DefaultMQPushConsumer consumer, MessageQueue queue) throws Exception {
        QueryConsumerOffsetRequestHeader request = new QueryConsumerOffsetRequestHeader();
        request.setConsumerGroup(consumer.getConsumerGroup());
        request.setTopic(queue.getTopic());
        request.setQueueId(queue.getQueueId());
        MQClientInstance client = consumer.getDefaultMQPushConsumerImpl().getmQClientFactory();
        String broker = client.findBrokerAddressInSubscribe(queue.getBrokerName(), 0, true).getBrokerAddr();
        return client.getMQClientAPIImpl().queryConsumerOffset(broker, request, 3000);
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
        LockSupport.unpark(thread);
    }
}
