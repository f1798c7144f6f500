package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.remoting.protocol.ResponseCode;

/** Many sends in flight. A busy broker may refuse some (code 2: not stored); those are sent again. */
public final class SendAsync implements TestCase {
    private static final int IN_FLIGHT = 64;

    private final Semaphore slots = new Semaphore(IN_FLIGHT);
    private final AtomicReference<Throwable> failure = new AtomicReference<>();

    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 4);
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            keys.add("k" + i);
            Check.that(slots.tryAcquire(10, TimeUnit.SECONDS), "callbacks come");
            send(env, topic, "k" + i);
        }
        Check.that(slots.tryAcquire(IN_FLIGHT, 20, TimeUnit.SECONDS), "all callbacks came");
        Check.same(null, failure.get(), "failure");
        Check.sameItems(keys, Env.keys(env.drain(topic, keys.size(), 5000)), "keys");
    }

    private void send(Env env, String topic, String key) throws Exception {
        env.producer().send(env.message(topic, key), new SendCallback() {
            @Override
            public void onSuccess(SendResult result) {
                slots.release();
            }

            @Override
            public void onException(Throwable error) {
                try {
                    if (error instanceof MQBrokerException busy && busy.getResponseCode() == ResponseCode.SYSTEM_BUSY) {
                        send(env, topic, key);
                        return;
                    }
                    failure.set(error);
                } catch (Exception again) {
                    failure.set(again);
                }
                slots.release();
            }
        }, 10_000);
    }
}
