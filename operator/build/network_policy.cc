#include "operator/build/manifests.h"
#include "operator/build/parts.h"

namespace rmq::operator_ {

using nlohmann::json;

namespace {

json ports(std::initializer_list<std::int64_t> numbers) {
  auto out = json::array();
  for (auto number : numbers) out.push_back({{"protocol", "TCP"}, {"port", number}});
  return out;
}

// The cluster's own pods of both kinds.
json own_pods(const Cluster& cluster) {
  return {{"podSelector",
           {{"matchLabels", {{"app.kubernetes.io/name", "rocketmq"}, {std::string(kInstanceLabel), cluster.name}}}}}};
}

json inner_peers(const Cluster& cluster, const BuildDefaults& defaults) {
  auto peers = json::array({own_pods(cluster)});
  if (!defaults.metrics_namespaces.empty()) {
    peers.push_back({{"namespaceSelector",
                      {{"matchExpressions", json::array({{{"key", "kubernetes.io/metadata.name"},
                                                          {"operator", "In"},
                                                          {"values", defaults.metrics_namespaces}}})}}}});
  }
  return peers;
}

json policy(const Cluster& cluster, const BuildDefaults& defaults, const std::string& name, const Labels& selector,
            json ingress) {
  auto object = make_object(cluster, defaults, {"networking.k8s.io/v1", "NetworkPolicy", name, selector});
  object["spec"] = {{"podSelector", {{"matchLabels", selector}}},
                    {"policyTypes", json::array({"Ingress"})},
                    {"ingress", std::move(ingress)}};
  return with_applied_hash(std::move(object));
}

}  // namespace

// A rule without "from" admits everyone.
json name_server_network_policy(const Cluster& cluster, const BuildDefaults& defaults) {
  return policy(cluster, defaults, name_servers_name(cluster), name_server_selector(cluster),
                json::array({{{"ports", ports({kNameServerPort})}},
                             {{"from", inner_peers(cluster, defaults)}, {"ports", ports({kAdminPort})}}}));
}

json broker_network_policy(const Cluster& cluster, const BuildDefaults& defaults) {
  return policy(cluster, defaults, broker_budget_name(cluster), broker_selector(cluster),
                json::array({{{"ports", ports({kBrokerPort, kBrokerVipPort})}},
                             {{"from", json::array({own_pods(cluster)})}, {"ports", ports({kBrokerHaPort})}},
                             {{"from", inner_peers(cluster, defaults)}, {"ports", ports({kAdminPort})}}}));
}

}  // namespace rmq::operator_
