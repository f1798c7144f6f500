package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.rocketmq.common.message.MessageExt;

public final class QueryByUniqueKey implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 2);
        String id = env.producer().send(env.message(topic, "k")).getMsgId();
        env.send(topic, "other", 3);
        AtomicReference<MessageExt> found = new AtomicReference<>();
        Check.await(10_000, "the message by its unique id", () -> {
            try {
                found.set(env.client().getMQAdminImpl().queryMessageByUniqKey(topic, id));
            } catch (Exception notYet) {
                return false;
            }
            return found.get() != null;
        });
        Check.same("k", found.get().getKeys(), "keys");
        Check.same(id, found.get().getMsgId(), "id");
    }
}
