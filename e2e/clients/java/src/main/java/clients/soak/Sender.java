package clients.soak;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.message.Message;

/** Sends numbered messages at a rate. A failed send is not repeated under its number by us (the client's own retries may). */
public final class Sender {
    private final DefaultMQProducer producer = new DefaultMQProducer("soak_producer");
    private final AtomicLong next = new AtomicLong();
    private final List<Thread> threads = new ArrayList<>();
    private final String topic;
    private final String run;
    private final int rate;
    private final int threadCount;
    private final byte[] body;
    private final Ledger ledger;

    public Sender(String namesrv, int pollMs, String topic, String run, int rate, int threadCount, int size, Ledger ledger) throws Exception {
        this.topic = topic;
        this.run = run;
        this.rate = rate;
        this.threadCount = threadCount;
        this.body = "s".repeat(size).getBytes();
        this.ledger = ledger;
        producer.setNamesrvAddr(namesrv);
        producer.setPollNameServerInterval(pollMs);
        producer.start();
    }

    /** One message before the receiver starts, so that the topic exists. */
    public void first() throws InterruptedException {
        for (int i = 0; i < 20 && !send(); i++) {
            Thread.sleep(500);
        }
    }

    public void start(long endNs) {
        long gapNs = 1_000_000_000L * threadCount / rate;
        for (int i = 0; i < threadCount; i++) {
            Thread thread = new Thread(() -> sendUntil(endNs, gapNs), "soak-sender-" + i);
            thread.start();
            threads.add(thread);
        }
    }

    private void sendUntil(long endNs, long gapNs) {
        long due = System.nanoTime();
        while (System.nanoTime() < endNs) {
            send();
            due = Math.max(due + gapNs, System.nanoTime() - 1_000_000_000L); // after an outage catch up by at most a second
            while (System.nanoTime() < due) {
                LockSupport.parkNanos(due - System.nanoTime());
            }
        }
    }

    private boolean send() {
        long number = next.getAndIncrement();
        ledger.sending();
        long begin = System.nanoTime();
        try {
            SendResult result = producer.send(new Message(topic, run, run + "-" + number, body));
            if (result.getSendStatus() == SendStatus.SEND_OK) {
                ledger.acknowledge(number, StoreReader.name(result.getMessageQueue()), result.getQueueOffset(), begin, System.nanoTime());
                return true;
            }
            ledger.notOk(result.getSendStatus().name());
        } catch (Exception error) {
            ledger.fail(error);
            LockSupport.parkNanos(10_000_000);
        }
        return false;
    }

    public void finish() throws InterruptedException {
        for (Thread thread : threads) {
            thread.join();
        }
        producer.shutdown();
    }
}
