package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.List;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.compression.CompressionType;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.sysflag.MessageSysFlag;

/** Bodies over 4096 bytes travel compressed and stay so in the store; their flags say how to open them. */
public final class CompressedBody implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        for (CompressionType type : CompressionType.values()) {
            String topic = env.topic(type.name().toLowerCase(), 1);
            DefaultMQProducer producer = env.newProducer(type.name());
            producer.setCompressType(type);
            String body = "compressible ".repeat(5000);
            producer.send(new Message(topic, "", "k", body.getBytes()));
            List<MessageExt> got = env.drain(topic, 1, 5000);
            Check.same(1, got.size(), "messages");
            MessageExt message = got.get(0);
            Check.same(body, new String(message.getBody()), "body");
            Check.same(type, MessageSysFlag.getCompressionType(message.getSysFlag()), "type in the flags");
            Check.that(message.getStoreSize() < body.length() / 2, "stored small: " + message.getStoreSize());
        }
    }
}
