package clients.soak;

import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;

/** A push consumer that notes this run's numbers. */
public final class Receiver implements AutoCloseable {
    private final DefaultMQPushConsumer consumer = new DefaultMQPushConsumer("soak_consumer");
    private final OffsetWatch watch;
    private final Ledger ledger;

    public Receiver(String namesrv, int pollMs, String topic, String run, Ledger ledger) throws Exception {
        this.ledger = ledger;
        consumer.setNamesrvAddr(namesrv);
        consumer.setPollNameServerInterval(pollMs);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                if (message.getKeys() != null && message.getKeys().startsWith(run + "-")) {
                    ledger.receive(Long.parseLong(message.getKeys().substring(run.length() + 1)));
                }
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        watch = new OffsetWatch(consumer, topic);
    }

    @Override
    public void close() {
        watch.close();
        ledger.rewinds(watch.times(), watch.farthest());
        consumer.shutdown();
    }
}
