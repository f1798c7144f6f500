package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.List;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.remoting.protocol.route.QueueData;

public final class TopicAutoCreate implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.name("t");
        DefaultMQProducer producer = env.newProducer("p");
        producer.setDefaultTopicQueueNums(3);
        producer.send(env.message(topic, "k"));
        Check.await(5000, "route", () -> {
            try {
                List<QueueData> queues = env.admin().examineTopicRouteInfo(topic).getQueueDatas();
                return !queues.isEmpty() && queues.get(0).getWriteQueueNums() == 3 && queues.get(0).getPerm() == 6;
            } catch (Exception notYet) {
                return false;
            }
        });
        Check.same(List.of("k"), Env.keys(env.drain(topic, 1, 5000)), "keys");
    }
}
