package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.HashSet;
import java.util.Set;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.remoting.protocol.admin.TopicStatsTable;
import org.apache.rocketmq.remoting.protocol.body.TopicList;
import org.apache.rocketmq.remoting.protocol.route.QueueData;

/** mqadmin updateTopic, topicList, topicRoute, topicStatus, deleteTopic. */
public final class AdminTopics implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 2);
        Check.that(env.admin().fetchAllTopicList().getTopicList().contains(topic), "topicList has it");
        TopicList ofCluster = env.admin().fetchTopicsByCLuster(env.cluster());
        Check.that(ofCluster.getTopicList().contains(topic), "topicList of the cluster has it");
        TopicConfig changed = new TopicConfig(topic, 5, 3, 4);
        env.admin().createAndUpdateTopicConfig(env.brokerAddress(), changed);
        Check.await(5000, "the changed route", () -> {
            QueueData queue = env.admin().examineTopicRouteInfo(topic).getQueueDatas().get(0);
            return queue.getReadQueueNums() == 5 && queue.getWriteQueueNums() == 3 && queue.getPerm() == 4;
        });
        TopicConfig examined = env.admin().examineTopicConfig(env.brokerAddress(), topic);
        Check.same(5, examined.getReadQueueNums(), "read queues");
        env.createTopic(topic, 2);
        env.send(topic, "k", 4);
        Check.await(5000, "stats", () -> {
            TopicStatsTable stats = env.admin().examineTopicStats(topic);
            return stats.getOffsetTable().values().stream().mapToLong(o -> o.getMaxOffset()).sum() == 4;
        });
        Set<String> brokers = new HashSet<>(Set.of(env.brokerAddress()));
        env.admin().deleteTopicInBroker(brokers, topic);
        env.admin().deleteTopicInNameServer(new HashSet<>(Set.of(env.admin().getNamesrvAddr().split(";"))), env.cluster(), topic);
        Check.await(5000, "gone from the list", () -> !env.admin().fetchAllTopicList().getTopicList().contains(topic));
    }
}
