package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.ArrayList;
import java.util.List;

public final class SendOneway implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 4);
        List<String> keys = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            keys.add("k" + i);
            env.producer().sendOneway(env.message(topic, "k" + i));
            if (i % 10 == 9) { // a busy broker may drop a burst without a word
                Check.sameItems(keys, Env.keys(env.drain(topic, keys.size(), 10_000)), "keys");
            }
        }
    }
}
