package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageId;

public final class ViewById implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 1);
        SendResult sent = env.producer().send(env.message(topic, "k"));
        MessageId id = MessageDecoder.decodeMessageId(sent.getOffsetMsgId());
        MessageExt found = env.admin().viewMessage(topic, sent.getOffsetMsgId());
        Check.same("k", found.getKeys(), "keys");
        Check.same("body of k", new String(found.getBody()), "body");
        Check.same(id.getOffset(), found.getCommitLogOffset(), "physical offset");
        Check.same(sent.getQueueOffset(), found.getQueueOffset(), "queue offset");
        Check.same(sent.getMsgId(), found.getMsgId(), "unique id");
    }
}
