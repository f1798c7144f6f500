package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** The broker asks back about transactions left open (default: at least 6 s old, looked at each 30 s). */
public final class TransactionCheck implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 1);
        Map<String, Integer> asked = new ConcurrentHashMap<>();
        TransactionMQProducer producer = env.configure(new TransactionMQProducer(env.name("p")));
        producer.setInstanceName(env.name("p"));
        producer.setTransactionListener(new TransactionListener() {
            @Override
            public LocalTransactionState executeLocalTransaction(Message message, Object arg) {
                return LocalTransactionState.UNKNOW;
            }

            @Override
            public LocalTransactionState checkLocalTransaction(MessageExt message) {
                asked.merge(message.getKeys(), 1, Integer::sum);
                return message.getKeys().equals("yes") ? LocalTransactionState.COMMIT_MESSAGE : LocalTransactionState.ROLLBACK_MESSAGE;
            }
        });
        producer.start();
        env.onClose(producer::shutdown);
        producer.sendMessageInTransaction(env.message(topic, "yes"), null);
        producer.sendMessageInTransaction(env.message(topic, "no"), null);
        Check.same(0, env.drain(topic, 1, 500).size(), "visible before an answer");
        Check.await(80_000, "both were asked about", () -> asked.size() == 2);
        Check.same(List.of("yes"), Env.keys(env.drain(topic, 1, 10_000)), "committed after the question");
    }
}
