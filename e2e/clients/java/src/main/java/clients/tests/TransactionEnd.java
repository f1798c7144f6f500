package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.ArrayList;
import java.util.List;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Committed messages become visible, rolled back ones never. */
public final class TransactionEnd implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 2);
        TransactionMQProducer producer = env.configure(new TransactionMQProducer(env.name("p")));
        producer.setInstanceName(env.name("p"));
        producer.setTransactionListener(new TransactionListener() {
            @Override
            public LocalTransactionState executeLocalTransaction(Message message, Object arg) {
                return (LocalTransactionState) arg;
            }

            @Override
            public LocalTransactionState checkLocalTransaction(MessageExt message) {
                return LocalTransactionState.ROLLBACK_MESSAGE;
            }
        });
        producer.start();
        env.onClose(producer::shutdown);
        List<String> committed = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            boolean commit = i % 2 == 0;
            producer.sendMessageInTransaction(env.message(topic, "k" + i),
                commit ? LocalTransactionState.COMMIT_MESSAGE : LocalTransactionState.ROLLBACK_MESSAGE);
            if (commit) {
                committed.add("k" + i);
            }
        }
        List<MessageExt> got = env.drain(topic, 5, 10_000);
        Check.sameItems(committed, Env.keys(got), "committed messages");
        for (MessageExt message : got) {
            Check.that(message.getPreparedTransactionOffset() > 0, "points to its prepared record");
            Check.same("body of " + message.getKeys(), new String(message.getBody()), "body");
        }
        Check.that(!Check.holdsWithin(2000, () -> env.drain(topic, 6, 1).size() > 5), "nothing else becomes visible");
    }
}
