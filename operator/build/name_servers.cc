#include "operator/build/config_text.h"
#include "operator/build/manifests.h"
#include "operator/build/parts.h"

namespace rmq::operator_ {

using nlohmann::json;

namespace {

constexpr std::int64_t kStartupSeconds = 60;
constexpr std::int64_t kGraceSeconds = 30;

std::string image(const Cluster& cluster, const BuildDefaults& defaults) {
  const auto& spec = cluster.spec.image;
  if (!spec.name_server.empty()) return spec.name_server;
  return (spec.repository.empty() ? defaults.repository : spec.repository) +
         "/namesrv:" + effective_version(cluster, defaults);
}

}  // namespace

json name_server_config(const Cluster& cluster, const BuildDefaults& defaults) {
  return config_map(cluster, defaults, name_servers_name(cluster), name_server_selector(cluster), kNameServerConfigFile,
                    name_server_config_text());
}

json name_server_service(const Cluster& cluster, const BuildDefaults& defaults) {
  const auto selector = name_server_selector(cluster);
  auto object = make_object(cluster, defaults, {"v1", "Service", name_servers_name(cluster), selector});
  object["spec"] = {
      {"clusterIP", "None"}, {"selector", selector}, {"ports", json::array({port("remoting", kNameServerPort)})}};
  return with_applied_hash(std::move(object));
}

json name_server_stateful_set(const Cluster& cluster, const BuildDefaults& defaults) {
  const auto& spec = cluster.spec.name_servers;
  const auto selector = name_server_selector(cluster);
  const auto name = name_servers_name(cluster);
  ProcessParts process{.container = "namesrv",
                       .image = image(cluster, defaults),
                       .config_file = std::string(kNameServerConfigFile),
                       .config_map = name,
                       .config_hash = content_hash(name_server_config_text()),
                       .ports = {{"remoting", kNameServerPort}, {"admin", kAdminPort}},
                       .resources = spec.resources,
                       .startup_seconds = kStartupSeconds,
                       .grace_seconds = kGraceSeconds,
                       .selector = selector};
  auto object = make_object(cluster, defaults, {"apps/v1", "StatefulSet", name, selector});
  object["spec"] =
      stateful_set_spec(spec.storage, spec.replicas, name, selector, pod_template(cluster, defaults, process));
  return with_applied_hash(std::move(object));
}

json name_server_budget(const Cluster& cluster, const BuildDefaults& defaults) {
  return disruption_budget(cluster, defaults, name_servers_name(cluster), name_server_selector(cluster));
}

}  // namespace rmq::operator_
