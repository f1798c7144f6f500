package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.ArrayList;
import java.util.List;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

public final class SendBatch implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 1);
        List<String> keys = new ArrayList<>();
        for (int round = 0; round < 3; round++) {
            List<Message> batch = new ArrayList<>();
            for (int i = 0; i < 32; i++) {
                Message message = env.message(topic, "k" + round + "-" + i);
                message.setTags("t" + i % 2);
                message.putUserProperty("index", String.valueOf(i));
                batch.add(message);
                keys.add(message.getKeys());
            }
            SendResult result = env.producer().send(batch);
            Check.same(32, result.getMsgId().split(",").length, "ids in the answer");
            Check.same(32L * round, result.getQueueOffset(), "first queue offset of the batch");
        }
        List<MessageExt> got = env.drain(topic, 96, 5000);
        Check.same(keys, Env.keys(got), "keys in order");
        for (int i = 0; i < got.size(); i++) {
            Check.same((long) i, got.get(i).getQueueOffset(), "queue offset");
            Check.same(String.valueOf(i % 32), got.get(i).getUserProperty("index"), "property");
            Check.same("t" + i % 32 % 2, got.get(i).getTags(), "tag");
        }
    }
}
