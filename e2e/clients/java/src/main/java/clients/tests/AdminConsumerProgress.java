package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.remoting.protocol.admin.ConsumeStats;
import org.apache.rocketmq.remoting.protocol.body.ConsumerConnection;
import org.apache.rocketmq.remoting.protocol.body.ConsumerRunningInfo;
import org.apache.rocketmq.remoting.protocol.heartbeat.ConsumeType;

/** mqadmin consumerProgress, consumerConnection, consumerStatus; producerConnection; who consumes a topic; reset of offsets. */
public final class AdminConsumerProgress implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        String topic = env.topic("t", 2);
        String group = env.group("g");
        AtomicInteger got = new AtomicInteger();
        DefaultMQPushConsumer consumer = env.newPush(group, topic, "*");
        consumer.setPersistConsumerOffsetInterval(500);
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            got.addAndGet(messages.size());
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        env.send(topic, "k", 10);
        Check.await(Env.START_MS, "messages", () -> got.get() == 10);
        Check.await(10_000, "no lag, as consumerProgress shows it", () -> {
            ConsumeStats stats = env.admin().examineConsumeStats(group, topic);
            return stats.getOffsetTable().size() == 2 && stats.computeTotalDiff() == 0
                && stats.getOffsetTable().values().stream().mapToLong(o -> o.getConsumerOffset()).sum() == 10;
        });
        ConsumerConnection connections = env.admin().examineConsumerConnectionInfo(group);
        Check.same(1, connections.getConnectionSet().size(), "connections");
        Check.same(ConsumeType.CONSUME_PASSIVELY, connections.getConsumeType(), "consume type");
        Check.that(connections.getSubscriptionTable().containsKey(topic), "subscription");
        ConsumerRunningInfo running = env.admin().getConsumerRunningInfo(group, consumer.buildMQClientId(), false);
        Check.same(2L, running.getMqTable().keySet().stream().filter(q -> q.getTopic().equals(topic)).count(), "queues of the running consumer");
        Check.same(Set.of(group), env.admin().queryTopicConsumeByWho(topic).getGroupList(), "who consumes");
        Check.same(1, env.admin().examineProducerConnectionInfo("e2e_shared_producer", topic).getConnectionSet().size(), "producer connections");
        env.admin().resetOffsetByTimestamp(topic, group, 0, true);
        Check.await(20_000, "all messages again after the reset, got " + got, () -> got.get() >= 20);
    }
}
