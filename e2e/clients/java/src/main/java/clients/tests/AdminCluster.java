package clients.tests;

import clients.Check;
import clients.Env;
import clients.TestCase;
import java.util.Map;
import org.apache.rocketmq.remoting.protocol.body.ClusterInfo;
import org.apache.rocketmq.remoting.protocol.body.KVTable;

/** mqadmin clusterList, brokerStatus, getBrokerConfig, and the name server's KV settings. */
public final class AdminCluster implements TestCase {
    @Override
    public void run(Env env) throws Exception {
        ClusterInfo info = env.admin().examineBrokerClusterInfo();
        Check.that(info.getClusterAddrTable().containsKey(env.cluster()), "cluster is listed");
        KVTable runtime = env.admin().fetchBrokerRuntimeStats(env.brokerAddress());
        for (String key : new String[] {"brokerVersionDesc", "bootTimestamp", "putTps", "getTransferredTps", "commitLogMaxOffset", "runtime"}) {
            Check.that(runtime.getTable().containsKey(key), "brokerStatus has " + key);
        }
        Check.that(env.admin().getBrokerConfig(env.brokerAddress()).containsKey("brokerClusterName"), "getBrokerConfig");
        String namespace = env.name("ns");
        env.admin().createAndUpdateKvConfig(namespace, "key", "value \u503c");
        Check.same("value \u503c", env.admin().getKVConfig(namespace, "key"), "KV value");
        Check.same(Map.of("key", "value \u503c"), env.admin().getKVListByNamespace(namespace).getTable(), "KV list");
        env.admin().deleteKvConfig(namespace, "key");
    }
}
