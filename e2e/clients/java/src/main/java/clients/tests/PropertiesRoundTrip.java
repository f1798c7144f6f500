package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

public final class PropertiesRoundTrip implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 1);
        Map<String, String> properties = new LinkedHashMap<>();
        properties.put("plain", "value");
        properties.put("\u952e", "\u503c");
        properties.put("emoji", "\ud83d\ude80 rocket");
        properties.put("json", "{\"a\": [1, \"\\\\\"]}\t\n");
        properties.put("spaces", "  a  b  ");
        properties.put("long", "x".repeat(20_000));
        Message message = new Message(topic, "\u6807\u7b7e", "key1 key2", new byte[] {0, 1, 2, -1});
        message.setFlag(0x7fffffff);
        properties.forEach(message::putUserProperty);
        env.producer().send(message);
        List<MessageExt> got = env.drain(topic, 1, 5000);
        Check.same(1, got.size(), "messages");
        MessageExt found = got.get(0);
        properties.forEach((name, value) -> Check.same(value, found.getUserProperty(name), name));
        Check.same("\u6807\u7b7e", found.getTags(), "tags");
        Check.same("key1 key2", found.getKeys(), "keys");
        Check.same(0x7fffffff, found.getFlag(), "flag");
        Check.same(List.of((byte) 0, (byte) 1, (byte) 2, (byte) -1),
            List.of(found.getBody()[0], found.getBody()[1], found.getBody()[2], found.getBody()[3]), "body");
        Check.same(0, found.getReconsumeTimes(), "reconsume times");
        Check.that(found.getStoreTimestamp() >= found.getBornTimestamp() - 5000, "store time");
    }
}
