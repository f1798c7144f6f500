package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.message.MessageExt;

public final class SendSync implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 4);
        List<String> keys = new ArrayList<>();
        TreeSet<String> places = new TreeSet<>();
        for (int i = 0; i < 20; i++) {
            keys.add("k" + i);
            SendResult result = env.producer().send(env.message(topic, "k" + i));
            Check.same(SendStatus.SEND_OK, result.getSendStatus(), "status");
            places.add(result.getMessageQueue().getQueueId() + "/" + result.getQueueOffset() + "/" + result.getMsgId());
        }
        List<MessageExt> got = env.drain(topic, 20, 5000);
        Check.sameItems(keys, Env.keys(got), "keys");
        TreeSet<String> gotPlaces = new TreeSet<>();
        for (MessageExt message : got) {
            Check.same("body of " + message.getKeys(), new String(message.getBody()), "body");
            gotPlaces.add(message.getQueueId() + "/" + message.getQueueOffset() + "/" + message.getMsgId());
        }
        Check.same(places, gotPlaces, "queue, offset and id as the send results said");
    }
}
