package golden;

import com.alibaba.fastjson2.JSON;
import com.alibaba.fastjson2.JSONWriter;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.DataVersion;
import org.apache.rocketmq.remoting.protocol.RemotingSerializable;
import org.apache.rocketmq.remoting.protocol.admin.ConsumeStats;
import org.apache.rocketmq.remoting.protocol.admin.OffsetWrapper;
import org.apache.rocketmq.remoting.protocol.admin.TopicOffset;
import org.apache.rocketmq.remoting.protocol.admin.TopicStatsTable;
import org.apache.rocketmq.remoting.protocol.body.ClusterInfo;
import org.apache.rocketmq.remoting.protocol.body.KVTable;
import org.apache.rocketmq.remoting.protocol.body.RegisterBrokerBody;
import org.apache.rocketmq.remoting.protocol.body.TopicConfigAndMappingSerializeWrapper;
import org.apache.rocketmq.remoting.protocol.body.TopicConfigSerializeWrapper;
import org.apache.rocketmq.remoting.protocol.body.TopicList;
import org.apache.rocketmq.remoting.protocol.heartbeat.ConsumeType;
import org.apache.rocketmq.remoting.protocol.heartbeat.ConsumerData;
import org.apache.rocketmq.remoting.protocol.heartbeat.HeartbeatData;
import org.apache.rocketmq.remoting.protocol.heartbeat.MessageModel;
import org.apache.rocketmq.remoting.protocol.heartbeat.ProducerData;
import org.apache.rocketmq.remoting.protocol.filter.FilterAPI;
import org.apache.rocketmq.remoting.protocol.route.BrokerData;
import org.apache.rocketmq.remoting.protocol.route.QueueData;
import org.apache.rocketmq.remoting.protocol.route.TopicRouteData;
import org.apache.rocketmq.remoting.protocol.subscription.SubscriptionGroupConfig;

/** Bodies that clients, brokers and name servers exchange most, with believable values. */
final class Bodies {
    private final Out out;

    Bodies(Out out) {
        this.out = out;
    }

    void write() throws Exception {
        TopicRouteData route = route();
        put("route", route);
        out.file("bodies/route_standard.json",
            route.encode(JSONWriter.Feature.BrowserCompatible, JSONWriter.Feature.MapSortField), null);
        put("route_empty", new TopicRouteData());
        put("data_version", version());
        TopicConfigSerializeWrapper topics = new TopicConfigSerializeWrapper();
        topics.setDataVersion(version());
        topics.setTopicConfigTable(topicTable());
        put("topic_config_wrapper", topics);
        register();
        heartbeat();
        clusterInfo();
        KVTable kv = new KVTable();
        kv.setTable(new HashMap<>(Map.of("golden_topic", "broker-a:4;broker-b:8", "other", "\u4e2d \"quoted\"")));
        put("kv_table", kv);
        TopicList list = new TopicList();
        list.getTopicList().add("golden_topic");
        list.getTopicList().add("%RETRY%golden_group");
        list.setBrokerAddr("10.0.0.1:10911");
        put("topic_list", list);
        put("topic_list_empty", new TopicList());
        stats();
        put("subscription_group_config_default", new SubscriptionGroupConfig());
        put("topic_config_default", new TopicConfig("golden_topic"));
        topicTexts();
    }

    static DataVersion version() {
        DataVersion version = new DataVersion();
        version.setStateVersion(0);
        version.setTimestamp(1700000000000L);
        version.setCounter(new AtomicLong(42));
        return version;
    }

    static ConcurrentHashMap<String, TopicConfig> topicTable() {
        ConcurrentHashMap<String, TopicConfig> table = new ConcurrentHashMap<>();
        table.put("golden_topic", new TopicConfig("golden_topic", 4, 8, 6));
        TopicConfig typed = new TopicConfig("golden_fifo", 1, 1, 6, 2);
        typed.setOrder(true);
        typed.getAttributes().put("message.type", "FIFO");
        table.put("golden_fifo", typed);
        return table;
    }

    private TopicRouteData route() {
        TopicRouteData route = new TopicRouteData();
        route.setOrderTopicConf("broker-a:4;broker-b:8");
        List<QueueData> queues = new ArrayList<>();
        List<BrokerData> brokers = new ArrayList<>();
        for (String name : new String[] {"broker-a", "broker-b"}) {
            QueueData queue = new QueueData();
            queue.setBrokerName(name);
            queue.setReadQueueNums(4);
            queue.setWriteQueueNums(8);
            queue.setPerm(6);
            queues.add(queue);
            HashMap<Long, String> addresses = new HashMap<>();
            addresses.put(0L, name + ".example:10911");
            addresses.put(1L, name + "-1.example:10911");
            brokers.add(new BrokerData("DefaultCluster", name, addresses));
        }
        route.setQueueDatas(queues);
        route.setBrokerDatas(brokers);
        return route;
    }

    private void register() throws Exception {
        RegisterBrokerBody body = new RegisterBrokerBody();
        TopicConfigAndMappingSerializeWrapper wrapper = new TopicConfigAndMappingSerializeWrapper();
        wrapper.setDataVersion(version());
        wrapper.setMappingDataVersion(version());
        wrapper.setTopicConfigTable(topicTable());
        body.setTopicConfigSerializeWrapper(wrapper);
        out.file("bodies/register_broker.json", body.encode(false), null);
        out.file("bodies/register_broker_compressed.bin", body.encode(true),
            Out.map("dataVersion", version(), "topicConfigTable", topicTable(), "filterServerList", new ArrayList<>()));
    }

    private void heartbeat() throws Exception {
        HeartbeatData heartbeat = new HeartbeatData();
        heartbeat.setClientID("10.0.0.1@4321#123456789");
        ProducerData producer = new ProducerData();
        producer.setGroupName("golden_producer");
        heartbeat.getProducerDataSet().add(producer);
        ConsumerData consumer = new ConsumerData();
        consumer.setGroupName("golden_group");
        consumer.setConsumeType(ConsumeType.CONSUME_PASSIVELY);
        consumer.setMessageModel(MessageModel.CLUSTERING);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET);
        for (String expression : new String[] {"tagA || tagB"}) {
            var subscription = FilterAPI.buildSubscriptionData("golden_topic", expression);
            subscription.setSubVersion(1700000000000L);
            consumer.getSubscriptionDataSet().add(subscription);
        }
        heartbeat.getConsumerDataSet().add(consumer);
        put("heartbeat", heartbeat);
        out.json("bodies/heartbeat_fingerprint.json", Out.map("fingerprint", heartbeat.computeHeartbeatFingerprint()));
    }

    private void clusterInfo() throws Exception {
        ClusterInfo info = new ClusterInfo();
        Map<String, BrokerData> brokers = new HashMap<>();
        for (BrokerData broker : route().getBrokerDatas()) {
            brokers.put(broker.getBrokerName(), broker);
        }
        info.setBrokerAddrTable(brokers);
        info.setClusterAddrTable(new HashMap<>(Map.of("DefaultCluster", new java.util.TreeSet<>(brokers.keySet()))));
        put("cluster_info", info);
    }

    private void stats() throws Exception {
        ConsumeStats stats = new ConsumeStats();
        TopicStatsTable topic = new TopicStatsTable();
        for (int queue = 0; queue < 2; queue++) {
            OffsetWrapper offsets = new OffsetWrapper();
            offsets.setBrokerOffset(100 + queue);
            offsets.setConsumerOffset(90 + queue);
            offsets.setPullOffset(95 + queue);
            offsets.setLastTimestamp(1700000000000L + queue);
            stats.getOffsetTable().put(new MessageQueue("golden_topic", "broker-a", queue), offsets);
            TopicOffset range = new TopicOffset();
            range.setMinOffset(0);
            range.setMaxOffset(100 + queue);
            range.setLastUpdateTimestamp(1700000000000L + queue);
            topic.getOffsetTable().put(new MessageQueue("golden_topic", "broker-a", queue), range);
        }
        stats.setConsumeTps(1.5);
        topic.setTopicPutTps(2.25);
        put("consume_stats", stats);
        put("topic_stats", topic);
    }

    private void topicTexts() throws Exception {
        List<Object> rows = new ArrayList<>();
        for (TopicConfig config : topicTable().values()) {
            rows.add(Out.map("text", config.encode(), "topic", JSON.toJSON(config)));
        }
        out.json("bodies/topic_config_texts.json", rows);
    }

    private void put(String name, Object body) throws Exception {
        out.file("bodies/" + name + ".json", RemotingSerializable.encode(body), null);
    }
}
