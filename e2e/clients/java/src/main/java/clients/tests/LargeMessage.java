package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.rocketmq.client.exception.MQBrokerException;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.remoting.protocol.ResponseCode;

/** A body of 4 MiB is stored; one byte more is refused with code 13 (MESSAGE_ILLEGAL). */
public final class LargeMessage implements TestCase {
    private static final int MAX = 4 * 1024 * 1024;

    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 1);
        DefaultMQProducer producer = env.newProducer("p");
        producer.setMaxMessageSize(2 * MAX);
        producer.setCompressMsgBodyOverHowmuch(Integer.MAX_VALUE);
        producer.setRetryTimesWhenSendFailed(0);
        byte[] body = new byte[MAX];
        new Random(1).nextBytes(body);
        producer.send(new Message(topic, "", "large", body), 20_000);
        List<MessageExt> got = env.drain(topic, 1, 10_000);
        Check.same(1, got.size(), "messages");
        Check.that(Arrays.equals(body, got.get(0).getBody()), "the same body");
        try {
            producer.send(new Message(topic, "", "too large", new byte[MAX + 1]), 20_000);
            throw new AssertionError("a body over the limit was accepted");
        } catch (MQBrokerException refused) {
            Check.same(ResponseCode.MESSAGE_ILLEGAL, refused.getResponseCode(), "code");
        }
    }
}
