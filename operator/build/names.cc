#include "operator/build/names.h"

namespace rmq::operator_ {

std::string name_servers_name(const Cluster& cluster) {
  return cluster.name + "-namesrv";
}
std::string broker_group_name(const Cluster& cluster, std::int64_t group) {
  return cluster.name + "-broker-" + std::to_string(group);
}
std::string broker_pods_service_name(const Cluster& cluster, std::int64_t group) {
  return broker_group_name(cluster, group) + "-pods";
}
std::string broker_budget_name(const Cluster& cluster) {
  return cluster.name + "-broker";
}
std::string controller_name(const Cluster& cluster) {
  return cluster.name + "-controller";
}
std::string pod_name(std::string_view stateful_set, std::int64_t ordinal) {
  return std::string(stateful_set) + "-" + std::to_string(ordinal);
}

// ".svc" without the cluster's domain: the search path of every pod completes it, whatever the domain is.
std::string name_servers_address(const Cluster& cluster) {
  return name_servers_name(cluster) + "." + cluster.name_space + ".svc:" + std::to_string(kNameServerPort);
}
std::string name_server_pod_address(const Cluster& cluster, std::int64_t ordinal) {
  return pod_name(name_servers_name(cluster), ordinal) + "." + name_servers_address(cluster);
}
std::string broker_pod_address(const Cluster& cluster, std::int64_t group, std::int64_t ordinal) {
  return pod_name(broker_group_name(cluster, group), ordinal) + "." + cluster.name_space +
         ".svc:" + std::to_string(kBrokerPort);
}
std::string broker_master_address(const Cluster& cluster, std::int64_t group) {
  return broker_group_name(cluster, group) + "." + cluster.name_space + ".svc:" + std::to_string(kBrokerPort);
}
std::string controller_address(const Cluster& cluster) {
  return controller_name(cluster) + "." + cluster.name_space + ".svc:" + std::to_string(kControllerPort);
}
std::string pod_of_address(std::string_view group_name, std::string_view address) {
  const auto pod = address.substr(0, address.find_first_of(".:"));
  const bool ours = pod.size() > group_name.size() + 1 && pod.starts_with(group_name) &&
                    pod[group_name.size()] == '-' &&
                    pod.find_first_not_of("0123456789", group_name.size() + 1) == std::string_view::npos;
  return ours ? std::string(pod) : std::string();
}

namespace {

Labels selector(const Cluster& cluster, std::string_view component) {
  return {{"app.kubernetes.io/name", "rocketmq"},
          {std::string(kInstanceLabel), cluster.name},
          {std::string(kComponentLabel), std::string(component)}};
}

}  // namespace

Labels name_server_selector(const Cluster& cluster) {
  return selector(cluster, kNameServerComponent);
}
Labels broker_selector(const Cluster& cluster) {
  return selector(cluster, kBrokerComponent);
}
Labels broker_group_selector(const Cluster& cluster, std::int64_t group) {
  auto labels = broker_selector(cluster);
  labels[std::string(kGroupLabel)] = std::to_string(group);
  return labels;
}

std::string selector_text(const Labels& labels) {
  std::string text;
  for (const auto& [key, value] : labels) text += (text.empty() ? "" : ",") + key + "=" + value;
  return text;
}

}  // namespace rmq::operator_
