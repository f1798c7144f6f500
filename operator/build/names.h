// Names, labels and ports of what the operator makes for a cluster. Nothing here may change once released: names tie
// live objects and volume claims to their cluster.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "operator/api/cluster.h"

namespace rmq::operator_ {

inline constexpr std::int64_t kNameServerPort = 9876;
inline constexpr std::int64_t kBrokerPort = 10911;
inline constexpr std::int64_t kBrokerVipPort = 10909;
inline constexpr std::int64_t kBrokerHaPort = 10912;
inline constexpr std::int64_t kControllerPort = 9878;  // of the controller's service; the operator listens elsewhere
inline constexpr std::int64_t kAdminPort = 5557;       // health and metrics of both

inline constexpr std::string_view kManager = "rocketmq-operator";  // field manager, and the managed-by label's value
inline constexpr std::string_view kManagedByLabel = "app.kubernetes.io/managed-by";
inline constexpr std::string_view kInstanceLabel = "app.kubernetes.io/instance";
inline constexpr std::string_view kComponentLabel = "app.kubernetes.io/component";
inline constexpr std::string_view kGroupLabel = "rocketmq-operator.io/group";  // a group's number
inline constexpr std::string_view kPodNameLabel = "statefulset.kubernetes.io/pod-name";
// On broker pods of groups with several replicas: "master" or "slave", as elected.
inline constexpr std::string_view kRoleLabel = "rocketmq-operator.io/role";
inline constexpr std::string_view kNameServerComponent = "name-server";
inline constexpr std::string_view kBrokerComponent = "broker";
inline constexpr std::string_view kControllerComponent = "controller";

// On every object: the hash of the manifest it was applied from.
inline constexpr std::string_view kAppliedHashAnnotation = "rocketmq-operator.io/applied-hash";
// On pods: the hash of the template they were made from. One that differs from the StatefulSet's is out of date.
inline constexpr std::string_view kTemplateHashAnnotation = "rocketmq-operator.io/template-hash";
inline constexpr std::string_view kConfigHashAnnotation = "rocketmq-operator.io/config-hash";

std::string name_servers_name(const Cluster& cluster);                      // StatefulSet, its service, config, budget
std::string broker_group_name(const Cluster& cluster, std::int64_t group);  // StatefulSet, master's service, config
std::string broker_pods_service_name(const Cluster& cluster, std::int64_t group);
std::string broker_budget_name(const Cluster& cluster);
std::string controller_name(const Cluster& cluster);                        // its service and EndpointSlice
std::string pod_name(std::string_view stateful_set, std::int64_t ordinal);  // and a broker pod's own service

// "host:port", stable for the cluster's life.
std::string name_servers_address(const Cluster& cluster);
std::string name_server_pod_address(const Cluster& cluster, std::int64_t ordinal);
std::string broker_pod_address(const Cluster& cluster, std::int64_t group, std::int64_t ordinal);
std::string broker_master_address(const Cluster& cluster, std::int64_t group);
std::string controller_address(const Cluster& cluster);
// The pod that announces this address (broker_pod_address), or "" if it is none of a group's.
std::string pod_of_address(std::string_view group_name, std::string_view address);

using Labels = std::map<std::string, std::string>;
// What selectors use: immutable for a StatefulSet's life.
Labels name_server_selector(const Cluster& cluster);
Labels broker_selector(const Cluster& cluster);  // all groups
Labels broker_group_selector(const Cluster& cluster, std::int64_t group);
// "a=b,c=d"
std::string selector_text(const Labels& labels);

}  // namespace rmq::operator_
