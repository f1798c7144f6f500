// For tests: Controllers that elect at once, from the pods of a SimulatedWorld. A pod that is ready is alive; it is in
// sync unless the test says that it lags.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "operator/build/parts.h"
#include "operator/kube/json_access.h"
#include "operator/reconcile/cluster/controllers.h"
#include "operator/reconcile/cluster/simulated_world.h"

namespace rmq::operator_ {

class SimulatedControllers final : public Controllers {
 public:
  explicit SimulatedControllers(const SimulatedWorld& world) : world_(world) {}

  Result<ControllerEndpoint> serve(const Cluster& cluster) override {
    served_.insert({cluster.name_space, cluster.name});
    return ControllerEndpoint{"10.0.0.9", 19'100};
  }
  void end(const kube::ObjectKey& cluster) override { served_.erase(cluster); }
  bool serves(const kube::ObjectKey& cluster) const { return served_.contains(cluster); }

  std::optional<GroupView> view(const kube::ObjectKey& cluster, const std::string& group) const override {
    if (!serves(cluster) || loading) return std::nullopt;
    GroupView view;
    for (const auto& pod : world_.select(kPods, cluster.ns, {{std::string(kInstanceLabel), cluster.name}})) {
      const auto name = kube::key_of(*pod).name;
      if (pod_of_address(group, name) != name || !joined(*pod, group)) continue;
      const auto* conditions = kube::find_at(*pod, {"status", "conditions"});
      const bool alive = conditions != nullptr && conditions->at(0)["status"] == "True";
      view.replicas.push_back({.pod = name, .alive = alive, .in_sync = alive && !lagging.contains(name)});
    }
    auto& master = masters_[group];
    const auto object = world_.at(kBrokerGroups, cluster.ns, group);
    const bool all_needed = master.epoch == 0 && object["spec"]["newGroup"] == false;
    if (!view.in_sync(master.pod)) {
      master.pod.clear();
      if (all_needed && view.replicas.size() < object["spec"]["replicas"].get<std::size_t>()) return view;
      for (const auto& replica : view.replicas) {
        if (!master.pod.empty() || !replica.in_sync) continue;
        master = {replica.pod, master.epoch + 1};
      }
    }
    view.master = master.pod;
    view.master_epoch = master.epoch;
    view.may_lose = may_lose;
    return view;
  }
  void switch_over(const kube::ObjectKey& cluster, const std::string& group, const std::string& pod) override {
    if (!view(cluster, group)->in_sync(pod)) return;
    masters_[group] = {pod, masters_[group].epoch + 1};
    switched.push_back(pod);
  }
  void forget_replica(const kube::ObjectKey&, const std::string&, const std::string& pod) override {
    forgotten.insert(pod);
  }
  void forget_group(const kube::ObjectKey&, const std::string& group) override {
    masters_.erase(group);
    forgotten.insert(group);
  }

  bool loading = false;  // what is stored is not read yet
  std::set<std::string> lagging;
  std::string may_lose;
  std::vector<std::string> switched;  // pods that were made master on request
  std::set<std::string> forgotten;    // pods and groups

 private:
  // Whether the pod ever ran with a configuration that names a Controller.
  bool joined(const nlohmann::json& pod, const std::string& group) const {
    const auto uid = kube::text_at(pod, {"metadata", "uid"});
    if (joined_.contains(uid)) return true;
    const auto config = kube::text_at(world_.at(kConfigMaps, kube::key_of(pod).ns, group), {"data", "broker.conf"});
    if (config.find("enableControllerMode=true") == std::string::npos ||
        kube::text_at(pod, {"metadata", "annotations", kConfigHashAnnotation}) != content_hash(config)) {
      return false;
    }
    joined_.insert(uid);
    return true;
  }

  struct Master {
    std::string pod;
    std::int64_t epoch = 0;
  };
  const SimulatedWorld& world_;
  std::set<kube::ObjectKey> served_;
  mutable std::map<std::string, Master> masters_;
  mutable std::set<std::string> joined_;  // uids
};

}  // namespace rmq::operator_
