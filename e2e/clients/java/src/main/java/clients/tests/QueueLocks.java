package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.HashSet;
import java.util.Set;
import org.apache.rocketmq.client.impl.MQClientAPIImpl;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.body.LockBatchRequestBody;
import org.apache.rocketmq.remoting.protocol.body.UnlockBatchRequestBody;

public final class QueueLocks implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 3);
        String group = env.name("g");
        Set<MessageQueue> queues = new HashSet<>(env.client().getMQAdminImpl().fetchSubscribeMessageQueues(topic));
        Check.same(queues, lock(env, group, "one", queues), "the first client gets all");
        Check.same(Set.of(), lock(env, group, "two", queues), "the second gets none");
        Check.same(queues, lock(env, group, "one", queues), "the holder renews");
        Check.same(queues, lock(env, group + "other", "two", queues), "another group isn't touched");
        UnlockBatchRequestBody body = new UnlockBatchRequestBody();
        body.setConsumerGroup(group);
        body.setClientId("one");
        body.setMqSet(queues);
        api(env).unlockBatchMQ(env.brokerAddress(), body, 3000, false);
        Check.same(queues, lock(env, group, "two", queues), "free after unlock");
    }

    private static Set<MessageQueue> lock(Env env, String group, String client, Set<MessageQueue> queues) throws Exception {
        LockBatchRequestBody body = new LockBatchRequestBody();
        body.setConsumerGroup(group);
        body.setClientId(client);
        body.setMqSet(queues);
        return api(env).lockBatchMQ(env.brokerAddress(), body, 3000);
    }

    private static MQClientAPIImpl api(Env env) {
        return env.client().getMQClientAPIImpl();
    }
}
