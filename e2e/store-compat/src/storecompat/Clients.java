package storecompat;

import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.impl.MQClientAPIImpl;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.remoting.protocol.body.ClusterInfo;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/** The official clients that both programs use. */
final class Clients implements AutoCloseable {
    final DefaultMQProducer producer = new DefaultMQProducer("store_compat_producer");
    final DefaultMQPullConsumer puller = new DefaultMQPullConsumer("store_compat_puller");
    final DefaultMQAdminExt admin = new DefaultMQAdminExt(10_000);
    final String broker;

    Clients(String namesrv) throws Exception {
        producer.setNamesrvAddr(namesrv);
        producer.setCompressMsgBodyOverHowmuch(Integer.MAX_VALUE);
        producer.start();
        puller.setNamesrvAddr(namesrv);
        puller.setInstanceName("puller");
        puller.start();
        admin.setNamesrvAddr(namesrv);
        admin.setInstanceName("admin");
        admin.start();
        ClusterInfo info = admin.examineBrokerClusterInfo();
        broker = info.getBrokerAddrTable().values().iterator().next().getBrokerAddrs().get(0L);
    }

    MQClientAPIImpl api() {
        return producer.getDefaultMQProducerImpl().getMqClientFactory().getMQClientAPIImpl();
    }

    @Override
    public void close() {
        producer.shutdown();
        puller.shutdown();
        admin.shutdown();
    }
}
