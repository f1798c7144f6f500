package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.Map;
import org.apache.rocketmq.remoting.protocol.route.TopicRouteData;

/** createTopic of the client's own admin interface (through the cluster's name as key). */
public final class CreateTopic implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.name("t");
        env.producer().createTopic(env.cluster(), topic, 6, 0, Map.of());
        Check.await(5000, "route", () -> {
            try {
                TopicRouteData route = env.admin().examineTopicRouteInfo(topic);
                return route.getQueueDatas().stream().allMatch(q -> q.getReadQueueNums() == 6 && q.getWriteQueueNums() == 6 && q.getPerm() == 6);
            } catch (Exception notYet) {
                return false;
            }
        });
        Check.sameItems(env.send(topic, "k", 12), Env.keys(env.drain(topic, 12, 5000)), "keys");
    }
}
