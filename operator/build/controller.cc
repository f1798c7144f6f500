// What groups with several replicas need besides: the way to their Controller, and the object that its decisions are
// in.
#include "operator/api/broker_group.h"
#include "operator/build/manifests.h"
#include "operator/build/parts.h"

namespace rmq::operator_ {

using nlohmann::json;

namespace {

Labels controller_labels(const Cluster& cluster) {
  return {{"app.kubernetes.io/name", "rocketmq"},
          {std::string(kInstanceLabel), cluster.name},
          {std::string(kComponentLabel), std::string(kControllerComponent)}};
}

}  // namespace

bool has_controller(const Cluster& cluster) {
  return cluster.spec.broker_groups.replicas_per_group > 1;
}

json controller_service(const Cluster& cluster, const BuildDefaults& defaults) {
  auto object = make_object(cluster, defaults, {"v1", "Service", controller_name(cluster), controller_labels(cluster)});
  object["spec"] = {{"type", "ClusterIP"}, {"ports", json::array({port("controller", kControllerPort)})}};
  return with_applied_hash(std::move(object));
}

json controller_endpoint_slice(const Cluster& cluster, const BuildDefaults& defaults, const std::string& ip,
                               std::int64_t port) {
  auto labels = controller_labels(cluster);
  labels["kubernetes.io/service-name"] = controller_name(cluster);
  labels["endpointslice.kubernetes.io/managed-by"] = kManager;
  auto object =
      make_object(cluster, defaults, {"discovery.k8s.io/v1", "EndpointSlice", controller_name(cluster), labels});
  object["addressType"] = ip.find(':') == std::string::npos ? "IPv4" : "IPv6";
  object["ports"] = json::array({{{"name", "controller"}, {"port", port}, {"protocol", "TCP"}}});
  object["endpoints"] = json::array({{{"addresses", json::array({ip})}, {"conditions", {{"ready", true}}}}});
  return with_applied_hash(std::move(object));
}

json broker_group(const Cluster& cluster, const BuildDefaults& defaults, std::int64_t group, bool new_group) {
  const auto& spec = cluster.spec.broker_groups;
  auto object = make_object(cluster, defaults,
                            {std::string(kApiVersion), std::string(kBrokerGroupKind), broker_group_name(cluster, group),
                             broker_group_selector(cluster, group)});
  object["metadata"]["finalizers"] = json::array({kBrokerGroupFinalizer});
  // Nobody waits for it: it goes after the brokers are of no more use, whatever the order.
  object["metadata"]["ownerReferences"][0]["blockOwnerDeletion"] = false;
  object["spec"] = {{"cluster", cluster.name},
                    {"replication", to_string(spec.replication)},
                    {"replicas", spec.replicas_per_group},
                    {"newGroup", new_group}};
  return with_applied_hash(std::move(object));
}

}  // namespace rmq::operator_
