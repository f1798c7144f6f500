#include "operator/build/config_text.h"
#include "operator/build/manifests.h"
#include "operator/build/parts.h"

namespace rmq::operator_ {

using nlohmann::json;

namespace {

constexpr std::int64_t kStartupSeconds = 900;
constexpr std::int64_t kGraceSeconds = 60;

std::string image(const Cluster& cluster, const BuildDefaults& defaults) {
  const auto& spec = cluster.spec.image;
  if (!spec.broker.empty()) return spec.broker;
  return (spec.repository.empty() ? defaults.repository : spec.repository) +
         "/broker:" + effective_version(cluster, defaults);
}

json service_ports() {
  return json::array({port("remoting", kBrokerPort), port("vip", kBrokerVipPort), port("ha", kBrokerHaPort)});
}

json service(const Cluster& cluster, const BuildDefaults& defaults, std::int64_t group, const std::string& name,
             Labels selector, const json& more) {
  auto object = make_object(cluster, defaults, {"v1", "Service", name, broker_group_selector(cluster, group)});
  object["spec"] = {{"selector", std::move(selector)}, {"ports", service_ports()}};
  object["spec"].update(more);
  return with_applied_hash(std::move(object));
}

Labels pod_selector(const Cluster& cluster, std::int64_t group, std::int64_t ordinal) {
  auto selector = broker_group_selector(cluster, group);
  selector[std::string(kPodNameLabel)] = pod_name(broker_group_name(cluster, group), ordinal);
  return selector;
}

}  // namespace

json broker_config(const Cluster& cluster, const BuildDefaults& defaults, std::int64_t group) {
  return config_map(cluster, defaults, broker_group_name(cluster, group), broker_group_selector(cluster, group),
                    kBrokerConfigFile, broker_config_text(cluster, group));
}

json broker_stateful_set(const Cluster& cluster, const BuildDefaults& defaults, std::int64_t group) {
  const auto& spec = cluster.spec.broker_groups;
  const auto selector = broker_group_selector(cluster, group);
  const auto name = broker_group_name(cluster, group);
  ProcessParts process{
      .container = "broker",
      .image = image(cluster, defaults),
      .config_file = std::string(kBrokerConfigFile),
      .config_map = name,
      .config_hash = content_hash(broker_config_text(cluster, group)),
      .ports = {{"remoting", kBrokerPort}, {"vip", kBrokerVipPort}, {"ha", kBrokerHaPort}, {"admin", kAdminPort}},
      .resources = spec.resources,
      .startup_seconds = kStartupSeconds,
      .grace_seconds = kGraceSeconds,
      .selector = selector,
      .apart = has_controller(cluster)};
  auto object = make_object(cluster, defaults, {"apps/v1", "StatefulSet", name, selector});
  object["spec"] = stateful_set_spec(spec.storage, spec.replicas_per_group, broker_pods_service_name(cluster, group),
                                     selector, pod_template(cluster, defaults, process));
  return with_applied_hash(std::move(object));
}

json broker_pods_service(const Cluster& cluster, const BuildDefaults& defaults, std::int64_t group) {
  return service(cluster, defaults, group, broker_pods_service_name(cluster, group),
                 broker_group_selector(cluster, group), {{"clusterIP", "None"}, {"publishNotReadyAddresses", true}});
}

// Addresses that are not ready are published: a broker that catches up must reach and be reached by its peers.
json broker_pod_service(const Cluster& cluster, const BuildDefaults& defaults, std::int64_t group,
                        std::int64_t ordinal) {
  return service(cluster, defaults, group, pod_name(broker_group_name(cluster, group), ordinal),
                 pod_selector(cluster, group, ordinal), {{"type", "ClusterIP"}, {"publishNotReadyAddresses", true}});
}

json broker_master_service(const Cluster& cluster, const BuildDefaults& defaults, std::int64_t group,
                           std::int64_t master_ordinal) {
  json more{{"type", "ClusterIP"}};
  // Who is elected is the address at once, not only after its next readiness probe.
  if (has_controller(cluster)) more["publishNotReadyAddresses"] = true;
  return service(cluster, defaults, group, broker_group_name(cluster, group),
                 pod_selector(cluster, group, master_ordinal), std::move(more));
}

json broker_budget(const Cluster& cluster, const BuildDefaults& defaults) {
  return disruption_budget(cluster, defaults, broker_budget_name(cluster), broker_selector(cluster));
}

std::vector<json> all_manifests(const Cluster& cluster, const BuildDefaults& defaults) {
  std::vector<json> all{name_server_config(cluster, defaults), name_server_service(cluster, defaults),
                        name_server_stateful_set(cluster, defaults)};
  const auto& spec = cluster.spec.broker_groups;
  for (std::int64_t group = 0; group < spec.count; ++group) {
    all.push_back(broker_config(cluster, defaults, group));
    all.push_back(broker_pods_service(cluster, defaults, group));
    for (std::int64_t i = 0; i < spec.replicas_per_group; ++i) {
      all.push_back(broker_pod_service(cluster, defaults, group, i));
    }
    all.push_back(broker_master_service(cluster, defaults, group, 0));
    all.push_back(broker_stateful_set(cluster, defaults, group));
  }
  if (has_controller(cluster)) {
    all.push_back(controller_service(cluster, defaults));
    for (std::int64_t group = 0; group < spec.count; ++group) {
      all.push_back(broker_group(cluster, defaults, group, true));
    }
  }
  all.push_back(name_server_budget(cluster, defaults));
  all.push_back(broker_budget(cluster, defaults));
  if (defaults.network_policies) {
    all.push_back(name_server_network_policy(cluster, defaults));
    all.push_back(broker_network_policy(cluster, defaults));
  }
  return all;
}

}  // namespace rmq::operator_
