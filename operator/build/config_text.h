// The configuration files that name servers and brokers start from.
#pragma once

#include <cstdint>
#include <string>

#include "operator/api/cluster.h"

namespace rmq::operator_ {

inline constexpr std::string_view kConfigDirectory = "/etc/rocketmq";
inline constexpr std::string_view kDataDirectory = "/var/lib/rocketmq";
inline constexpr std::string_view kNameServerConfigFile = "namesrv.conf";
inline constexpr std::string_view kBrokerConfigFile = "broker.conf";

std::string name_server_config_text();

// The same for every pod of a group: what differs by pod is ${POD_NAME}, which the broker fills in from its
// environment. It names the name servers by their service alone, so their number changes without a broker's restart.
std::string broker_config_text(const Cluster& cluster, std::int64_t group);

}  // namespace rmq::operator_
