package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.ArrayList;
import java.util.List;
import org.apache.rocketmq.client.QueryResult;
import org.apache.rocketmq.client.exception.MQClientException;
import org.apache.rocketmq.common.message.MessageExt;

public final class QueryByKey implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 2);
        long begin = System.currentTimeMillis();
        for (int i = 0; i < 5; i++) {
            env.producer().send(env.message(topic, "shared own" + i));
        }
        Check.await(10_000, "five messages of the shared key", () -> query(env, topic, "shared", begin).size() == 5);
        Check.same(List.of("shared own3"), Env.keys(query(env, topic, "own3", begin)), "one key");
        Check.same(0, query(env, topic, "absent", begin).size(), "absent key");
        Check.same(0, query(env, topic + "x", "own3", begin).size(), "other topic");
    }

    private static List<MessageExt> query(Env env, String topic, String key, long begin) throws InterruptedException {
        try {
            QueryResult result = env.producer().queryMessage(topic, key, 32, begin - 5000, System.currentTimeMillis() + 5000);
            Check.that(result.getIndexLastUpdateTimestamp() > 0, "index time");
            return new ArrayList<>(result.getMessageList());
        } catch (MQClientException none) {
            return List.of();
        }
    }
}
