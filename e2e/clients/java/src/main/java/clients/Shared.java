package clients;

import java.util.Set;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.remoting.protocol.body.ClusterInfo;
import org.apache.rocketmq.remoting.protocol.route.BrokerData;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/** Clients that all tests of a run share. */
public final class Shared implements AutoCloseable {
    private final String namesrv;
    private final String cluster;
    private final DefaultMQProducer producer;
    private final DefaultMQPullConsumer puller;
    private final DefaultMQAdminExt admin;
    private final String brokerAddress;

    public Shared(String namesrv, String cluster) throws Exception {
        this.namesrv = namesrv;
        this.cluster = cluster;
        producer = new DefaultMQProducer("e2e_shared_producer");
        producer.setNamesrvAddr(namesrv);
        producer.setInstanceName("producer");
        producer.setPollNameServerInterval(1000);
        producer.start();
        puller = new DefaultMQPullConsumer("e2e_shared_puller");
        puller.setNamesrvAddr(namesrv);
        puller.setInstanceName("puller");
        puller.start();
        admin = new DefaultMQAdminExt(10_000);
        admin.setNamesrvAddr(namesrv);
        admin.setInstanceName("admin");
        admin.start();
        brokerAddress = findBroker();
    }

    private String findBroker() throws Exception {
        ClusterInfo info = admin.examineBrokerClusterInfo();
        Set<String> names = info.getClusterAddrTable().get(cluster);
        Check.that(names != null && !names.isEmpty(), "no broker in cluster " + cluster);
        BrokerData broker = info.getBrokerAddrTable().get(names.iterator().next());
        return broker.getBrokerAddrs().get(0L);
    }

    public String namesrv() {
        return namesrv;
    }

    public String cluster() {
        return cluster;
    }

    public DefaultMQProducer producer() {
        return producer;
    }

    public DefaultMQPullConsumer puller() {
        return puller;
    }

    public DefaultMQAdminExt admin() {
        return admin;
    }

    public String brokerAddress() {
        return brokerAddress;
    }

    @Override
    public void close() {
        producer.shutdown();
        puller.shutdown();
        admin.shutdown();
    }
}
