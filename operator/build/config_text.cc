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
  properties["brokerId"] = "0";
  properties["brokerRole"] = spec.replication == Replication::kAsync ? "ASYNC_MASTER" : "SYNC_MASTER";
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
