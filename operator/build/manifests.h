// Pure: a cluster and the operator's defaults in, the Kubernetes objects it consists of out, ready to be applied.
// The same input gives the same bytes on every machine: an unchanged cluster causes no write.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "operator/api/cluster.h"

namespace rmq::operator_ {

// What a spec that names no image gets.
struct BuildDefaults {
  std::string repository = "rocketmq-k8s";
  std::string version = "0.1.0";
  bool network_policies = false;
  // Whose pods may read health and metrics besides the cluster's own; the operator's namespace belongs here.
  std::vector<std::string> metrics_namespaces;
};

std::string effective_version(const Cluster& cluster, const BuildDefaults& defaults);

nlohmann::json name_server_config(const Cluster& cluster, const BuildDefaults& defaults);
nlohmann::json name_server_service(const Cluster& cluster, const BuildDefaults& defaults);  // headless
nlohmann::json name_server_stateful_set(const Cluster& cluster, const BuildDefaults& defaults);
nlohmann::json name_server_budget(const Cluster& cluster, const BuildDefaults& defaults);

nlohmann::json broker_config(const Cluster& cluster, const BuildDefaults& defaults, std::int64_t group);
nlohmann::json broker_stateful_set(const Cluster& cluster, const BuildDefaults& defaults, std::int64_t group);
// Headless: gives the pods their DNS names.
nlohmann::json broker_pods_service(const Cluster& cluster, const BuildDefaults& defaults, std::int64_t group);
// One pod's own, with a cluster IP that outlives the pod; the pod's name is its name. This is what a broker announces.
nlohmann::json broker_pod_service(const Cluster& cluster, const BuildDefaults& defaults, std::int64_t group,
                                  std::int64_t ordinal);
// Follows the group's master.
nlohmann::json broker_master_service(const Cluster& cluster, const BuildDefaults& defaults, std::int64_t group,
                                     std::int64_t master_ordinal);
// One for all groups: a node's drain takes one broker at a time, also where each group has a single one.
nlohmann::json broker_budget(const Cluster& cluster, const BuildDefaults& defaults);

// --- Groups with several replicas only.
bool has_controller(const Cluster& cluster);
// Without a selector: the operator that leads writes its own address into the slice.
nlohmann::json controller_service(const Cluster& cluster, const BuildDefaults& defaults);
nlohmann::json controller_endpoint_slice(const Cluster& cluster, const BuildDefaults& defaults, const std::string& ip,
                                         std::int64_t port);
// `new_group`: there is no volume of it yet.
nlohmann::json broker_group(const Cluster& cluster, const BuildDefaults& defaults, std::int64_t group, bool new_group);

// Clients reach name servers and brokers; the inner ports are for the cluster's own pods (and see metrics_namespaces).
nlohmann::json name_server_network_policy(const Cluster& cluster, const BuildDefaults& defaults);
nlohmann::json broker_network_policy(const Cluster& cluster, const BuildDefaults& defaults);

// All of them, in the order they are applied.
std::vector<nlohmann::json> all_manifests(const Cluster& cluster, const BuildDefaults& defaults);

}  // namespace rmq::operator_
