#include "operator/build/config_text.h"

#include "common/base/properties_text.h"
#include "operator/build/names.h"

namespace rmq::operator_ {
namespace {

// As java.util.Properties reads a value: a backslash escapes, blanks at the start are skipped.
std::string escape_value(std::string_view value) {
  std::string out;
  for (char c : value) {
    if (c == '\\' || (out.empty() && (c == ' ' || c == '\t' || c == '\f'))) out += '\\';
    out += c;
  }
  return out;
}

// Who is master is the Controller's word: no id and no role of our own. The keys also tell a stock Java broker as much
// of the mode as it can do: it has no quorum beyond a number of copies, and no lease.
void put_controller_mode(const Cluster& cluster, std::int64_t group, Properties& properties) {
  const auto& spec = cluster.spec.broker_groups;
  const auto& failover = spec.failover;
  properties["enableControllerMode"] = "true";
  properties["controllerAddr"] = controller_address(cluster);
  properties["masterAddress"] = broker_master_address(cluster, group);
  properties["replicationMode"] = std::string(to_string(spec.replication));
  properties["allAckInSyncStateSet"] = spec.replication == Replication::kSync ? "true" : "false";
  properties["inSyncReplicas"] = "1";
  properties["minInSyncReplicas"] = "1";
  if (spec.replication == Replication::kSync) {
    properties["minInSyncReplicas"] = std::to_string(failover.min_in_sync_replicas);
  }
  if (spec.replication == Replication::kQuorum) {
    // Only here: otherwise one more replica would restart the others.
    properties["totalReplicas"] = std::to_string(spec.replicas_per_group);
    properties["inSyncReplicas"] = std::to_string(quorum_of(spec.replicas_per_group));
    properties["minInSyncReplicas"] = std::to_string(quorum_of(spec.replicas_per_group));
  }
  // A master that is alone in its set relies on being the only one who can be elected, unless it is told.
  if (failover.unclean_election) properties["enableElectUncleanMaster"] = "true";
  properties["haMaxTimeSlaveNotCatchup"] = std::to_string(failover.catch_up_ms);
  properties["brokerHeartbeatInterval"] = std::to_string(failover.heartbeat_interval_ms);
  properties["controllerHeartBeatTimeoutMills"] = std::to_string(failover.heartbeat_timeout_ms);
}

}  // namespace

std::string name_server_config_text() {
  const std::string data(kDataDirectory);
  return format_properties({{"adminPort", std::to_string(kAdminPort)},
                            {"configStorePath", data + "/namesrv.properties"},
                            {"kvConfigPath", data + "/kvConfig.json"},
                            {"listenPort", std::to_string(kNameServerPort)}});
}

std::string broker_config_text(const Cluster& cluster, std::int64_t group) {
  const auto& spec = cluster.spec.broker_groups;
  Properties properties;
  for (const auto& [key, value] : spec.config) properties[key] = escape_value(value);
  // validate() keeps a user's keys apart from these; if one came through, these win.
  const std::string own_address = "${POD_NAME}.${POD_NAMESPACE}.svc";
  properties["adminPort"] = std::to_string(kAdminPort);
  properties["brokerClusterName"] = cluster.name;
  properties["brokerName"] = broker_group_name(cluster, group);
  if (spec.replicas_per_group > 1) {
    put_controller_mode(cluster, group, properties);
  } else {
    properties["brokerId"] = "0";
    properties["brokerRole"] = spec.replication == Replication::kAsync ? "ASYNC_MASTER" : "SYNC_MASTER";
  }
  properties["brokerIP1"] = own_address;
  properties["brokerIP2"] = own_address;
  properties["namesrvAddr"] = name_servers_address(cluster);
  properties["listenPort"] = std::to_string(kBrokerPort);
  properties["haListenPort"] = std::to_string(kBrokerHaPort);
  properties["flushDiskType"] = spec.flush == Flush::kSync ? "SYNC_FLUSH" : "ASYNC_FLUSH";
  properties["storePathRootDir"] = std::string(kDataDirectory) + "/store";
  return format_properties(properties);
}

}  // namespace rmq::operator_
