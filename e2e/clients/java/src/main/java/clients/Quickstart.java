package clients;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;

/** Sends some messages, receives them, says how it went: `Quickstart --namesrv A [--topic T] [--count 10] [--seconds 60]`. */
public final class Quickstart {
    public static void main(String[] args) {
        Options options = new Options(args);
        try {
            System.exit(run(options) ? 0 : 1);
        } catch (Throwable error) {
            System.out.println("FAILED: " + error);
            System.exit(1);
        }
    }

    private static boolean run(Options options) throws Exception {
        String namesrv = options.namesrv();
        String topic = options.get("topic", "QuickstartTopic");
        int count = options.number("count", 10);
        String run = Long.toString(System.currentTimeMillis(), 36);
        List<String> sent = send(namesrv, topic, run, count);

        Set<String> received = Collections.synchronizedSet(new TreeSet<>());
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer("quickstart_consumer");
        consumer.setNamesrvAddr(namesrv);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.subscribe(topic, "quickstart");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            messages.forEach(message -> {
                if (sent.contains(message.getKeys()) && received.add(message.getKeys())) {
                    System.out.println("received  " + new String(message.getBody()));
                }
            });
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        boolean all = Check.holdsWithin(options.number("seconds", 60) * 1000L, () -> received.size() == count);
        consumer.shutdown();
        System.out.println((all ? "OK: " : "FAILED: ") + sent.size() + " sent, " + received.size() + " received through " + namesrv);
        return all;
    }

    private static List<String> send(String namesrv, String topic, String run, int count) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("quickstart_producer");
        producer.setNamesrvAddr(namesrv);
        producer.start();
        List<String> sent = new ArrayList<>();
        for (int i = 1; i <= count; i++) {
            String key = run + "-" + i;
            SendResult result = producer.send(new Message(topic, "quickstart", key, ("message " + i + " of " + count).getBytes()), 10_000);
            System.out.println("sent      message " + i + " of " + count + "  " + result.getSendStatus() + "  "
                + result.getMessageQueue().getBrokerName() + " queue " + result.getMessageQueue().getQueueId() + " offset " + result.getQueueOffset());
            sent.add(key);
        }
        producer.shutdown();
        return sent;
    }
}
