package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.MessageExt;

public final class SendSelectedQueue implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 4);
        for (int i = 0; i < 16; i++) {
            int wanted = i % 4;
            SendResult result = env.producer().send(env.message(topic, "k" + i),
                (queues, message, arg) -> queues.stream().filter(q -> q.getQueueId() == (int) arg).findFirst().orElseThrow(), wanted);
            Check.same(wanted, result.getMessageQueue().getQueueId(), "queue in the answer");
            Check.same((long) (i / 4), result.getQueueOffset(), "queue offset in the answer");
        }
        for (MessageExt message : env.drain(topic, 16, 5000)) {
            int number = Integer.parseInt(message.getKeys().substring(1));
            Check.same(number % 4, message.getQueueId(), "queue of " + message.getKeys());
            Check.same((long) (number / 4), message.getQueueOffset(), "offset of " + message.getKeys());
        }
    }
}
