package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;

public final class SendAsync implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 4);
        int count = 200;
        CountDownLatch done = new CountDownLatch(count);
        AtomicReference<Throwable> failure = new AtomicReference<>();
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            keys.add("k" + i);
            env.producer().send(env.message(topic, "k" + i), new SendCallback() {
                @Override
                public void onSuccess(SendResult result) {
                    done.countDown();
                }

                @Override
                public void onException(Throwable error) {
                    failure.set(error);
                    done.countDown();
                }
            });
        }
        Check.that(done.await(10, TimeUnit.SECONDS), "all callbacks came");
        Check.same(null, failure.get(), "failure");
        Check.sameItems(keys, Env.keys(env.drain(topic, count, 5000)), "keys");
    }
}
