#include "operator/reconcile/cluster/pass.h"

#include <algorithm>
#include <charconv>

#include "operator/build/names.h"
#include "operator/build/parts.h"
#include "operator/kube/json_access.h"
#include "operator/reconcile/cluster/kinds.h"

namespace rmq::operator_ {

using kube::text_at;
using nlohmann::json;

namespace {

// -1: not of a group.
std::int64_t group_of(const json& object) {
  auto text = text_at(object, {"metadata", "labels", kGroupLabel});
  std::int64_t group = -1;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), group);
  return error == std::errc() && end == text.data() + text.size() ? group : -1;
}

std::string join(const std::vector<std::string>& texts, std::string_view separator) {
  std::string out;
  for (const auto& text : texts) out.append(out.empty() ? "" : separator).append(text);
  return out;
}

}  // namespace

Pass::Pass(World& world, Applier& applier, Controllers& controllers, const BuildDefaults& defaults, const Clock& clock,
           const json& resource)
    : world_(world),
      applier_(applier),
      controllers_(controllers),
      defaults_(defaults),
      clock_(clock),
      resource_(resource),
      cluster_(cluster_without_spec(resource)) {}

Status Pass::run() {
  if (cluster_.deleting) return {};  // owner references and the storage policy do the rest

  struct Step {
    const char* name;
    Status (Pass::*run)();
  };
  static constexpr Step kSteps[] = {
      {"validate", &Pass::validate},
      {"plan groups", &Pass::plan_groups},
      {"controller", &Pass::controller},  // before anything else: brokers that run wait for it
      {"name servers", &Pass::name_servers},
      {"configuration", &Pass::config},
      {"services", &Pass::services},  // before the brokers, which announce the addresses of theirs
      {"broker groups", &Pass::broker_groups},
      {"disruption budgets", &Pass::budgets},
      {"scale in", &Pass::scale_in},
      {"rollout", &Pass::rollout},
      {"roles", &Pass::roles},
  };
  Status result;
  for (const auto& step : kSteps) {
    result = (this->*step.run)();
    if (!result) {
      result = fail(std::move(result).error().with(step.name));
      const auto kind = result.error().kind;
      // That the API server is away mends itself and is no news of the cluster's.
      if (kind != ErrorKind::kUnavailable && kind != ErrorKind::kTimeout) {
        problem(kind == ErrorKind::kConflict ? "Conflict" : "StepFailed", result.error().message);
      }
      break;
    }
    if (stop_) break;
  }
  auto written = write_status();
  return result ? written : result;
}

void Pass::problem(std::string reason, std::string message) {
  problems_.push_back({std::move(reason), std::move(message)});
}
void Pass::progress(std::string reason, std::string message) {
  progress_.push_back({std::move(reason), std::move(message)});
}

Status Pass::ensure(const kube::ResourceKind& kind, const json& manifest) {
  RMQ_TRY(auto applied, applier_.ensure(cluster_, kind, manifest));
  if (applied == Applied::kLeaving) {
    progress("Waiting", "waiting for an earlier " + kind.kind + " " + kube::key_of(manifest).name + " to be deleted");
  }
  return {};
}

// A broken spec stops this cluster's chain and no other's; what runs goes on running as it is.
Status Pass::validate() {
  stop_ = true;
  auto cluster = cluster_from_json(resource_);
  if (!cluster) {
    problem("InvalidSpec", cluster.error().message);
    return {};
  }
  cluster_ = std::move(*cluster);
  if (auto sentences = operator_::validate(cluster_); !sentences.empty()) {
    problem("InvalidSpec", join(sentences, "; "));
    return {};
  }
  spec_known_ = true;
  stop_ = false;
  return {};
}

Status Pass::plan_groups() {
  const auto& spec = cluster_.spec.broker_groups;
  groups_ = spec.count;
  for (const auto& set : world_.select(kStatefulSets, cluster_.name_space, broker_selector(cluster_))) {
    if (auto group = group_of(*set); group >= spec.count && Applier::owns(cluster_, *set)) surplus_.insert(group);
  }
  auto forced = cluster_.annotations.find(std::string(kForceScaleInAnnotation));
  if (!surplus_.empty() && (forced == cluster_.annotations.end() || forced->second != "true")) {
    // Refused: they are kept up like the others, so that clients can still drain them.
    std::vector<std::string> names;
    names.reserve(surplus_.size());
    for (auto group : surplus_) names.push_back(broker_group_name(cluster_, group));
    problem("ScaleInRefused", "brokerGroups.count is " + std::to_string(spec.count) + ", but " + join(names, ", ") +
                                  " may still hold messages; drain them and set the annotation " +
                                  std::string(kForceScaleInAnnotation) + "=true, or raise the count again");
    groups_ = *surplus_.rbegin() + 1;
    surplus_.clear();
  }
  // Paused: look, don't touch. But a master that dies is replaced all the same.
  if (cluster_.spec.paused) {
    stop_ = true;
    if (has_controller(cluster_)) RMQ_CHECK_OK(serve());
    look_at_groups();
    const auto hash_of = [&](const json& manifest) {
      return text_at(manifest, {"spec", "template", "metadata", "annotations", kTemplateHashAnnotation});
    };
    name_server_pods_ =
        facts_of(name_server_selector(cluster_), hash_of(name_server_stateful_set(cluster_, defaults_)));
    for (std::int64_t group = 0; group < groups_; ++group) {
      auto pods =
          facts_of(broker_group_selector(cluster_, group), hash_of(broker_stateful_set(cluster_, defaults_, group)));
      broker_pods_.push_back(with_sync_state(group, std::move(pods)));
    }
  }
  return {};
}

Status Pass::name_servers() {
  RMQ_CHECK_OK(ensure(kConfigMaps, name_server_config(cluster_, defaults_)));
  RMQ_CHECK_OK(ensure(kServices, name_server_service(cluster_, defaults_)));
  return ensure_stateful_set(name_server_stateful_set(cluster_, defaults_), cluster_.spec.name_servers.storage);
}

Status Pass::config() {
  for (std::int64_t group = 0; group < groups_; ++group) {
    RMQ_CHECK_OK(ensure(kConfigMaps, broker_config(cluster_, defaults_, group)));
  }
  return {};
}

Status Pass::services() {
  look_at_groups();  // anew: an election may have come between
  for (std::int64_t group = 0; group < groups_; ++group) {
    RMQ_CHECK_OK(ensure(kServices, broker_pods_service(cluster_, defaults_, group)));
    const auto replicas = replicas_now(group);
    for (std::int64_t i = 0; i < replicas; ++i) {
      RMQ_CHECK_OK(ensure(kServices, broker_pod_service(cluster_, defaults_, group, i)));
    }
    RMQ_CHECK_OK(ensure(kServices, broker_master_service(cluster_, defaults_, group, master_ordinal(group))));
  }
  return {};
}

Status Pass::broker_groups() {
  for (std::int64_t group = 0; group < groups_; ++group) {
    auto set = broker_stateful_set(cluster_, defaults_, group);
    if (const auto replicas = replicas_now(group); replicas != cluster_.spec.broker_groups.replicas_per_group) {
      set["spec"]["replicas"] = replicas;
      set["metadata"].erase("annotations");
      set = with_applied_hash(std::move(set));
    }
    RMQ_CHECK_OK(ensure_stateful_set(std::move(set), cluster_.spec.broker_groups.storage));
  }
  return {};
}

Status Pass::budgets() {
  RMQ_CHECK_OK(ensure(kBudgets, name_server_budget(cluster_, defaults_)));
  RMQ_CHECK_OK(ensure(kBudgets, broker_budget(cluster_, defaults_)));
  if (defaults_.network_policies) {
    RMQ_CHECK_OK(ensure(kNetworkPolicies, name_server_network_policy(cluster_, defaults_)));
    RMQ_CHECK_OK(ensure(kNetworkPolicies, broker_network_policy(cluster_, defaults_)));
  }
  return {};
}

// Groups beyond those that are kept up: the brokers first, and what is left of a group only when its brokers are gone,
// so that an operator that dies in between finds it again.
Status Pass::scale_in() {
  for (auto group : surplus_) {
    const auto name = broker_group_name(cluster_, group);
    world_.event(resource_, EventType::kNormal, "RemovingGroup", "removing broker group " + name);
    RMQ_CHECK_OK(applier_.remove(cluster_, kStatefulSets, name));
    progress("ScalingIn", "removing broker group " + name);
  }
  for (const auto& kind : {kServices, kConfigMaps}) {
    for (const auto& object : world_.select(kind, cluster_.name_space, broker_selector(cluster_))) {
      auto group = group_of(*object);
      if (group < groups_ || surplus_.contains(group)) continue;
      RMQ_CHECK_OK(applier_.remove(cluster_, kind, text_at(*object, {"metadata", "name"})));
    }
  }
  for (std::int64_t group = 0; group < groups_; ++group) RMQ_CHECK_OK(give_up_removed(group));
  return remove_broker_groups();
}

Status Pass::rollout() {
  const auto hash_of = [](const json& manifest) {
    return text_at(manifest, {"spec", "template", "metadata", "annotations", kTemplateHashAnnotation});
  };
  const auto name_server_set = name_server_stateful_set(cluster_, defaults_);
  name_server_pods_ = facts_of(name_server_selector(cluster_), hash_of(name_server_set));
  std::vector<PodFacts> brokers;
  std::int64_t wanted_brokers = 0;
  bool controller_has_all = is_rolled_out_by_controller(name_server_set);
  for (std::int64_t group = 0; group < groups_; ++group) {
    const auto set = broker_stateful_set(cluster_, defaults_, group);
    broker_pods_.push_back(with_sync_state(group, facts_of(broker_group_selector(cluster_, group), hash_of(set))));
    auto pods = broker_pods_.back();
    // Slaves first: each master changes once.
    const auto master = master_ordinal(group);
    std::stable_partition(pods.begin(), pods.end(), [&](const PodFacts& pod) { return pod.ordinal != master; });
    brokers.insert(brokers.end(), pods.begin(), pods.end());
    wanted_brokers += replicas_now(group);
    controller_has_all = controller_has_all && is_rolled_out_by_controller(set);
  }
  if (!controller_has_all) {
    // A pod deleted now could come back from the old template.
    progress("Waiting", "waiting for Kubernetes to take up the new StatefulSets");
    return {};
  }
  bool done = false;
  RMQ_CHECK_OK(roll(name_server_pods_, cluster_.spec.name_servers.replicas, done));
  // Brokers of a new cluster start beside its name servers; brokers of a running one are replaced after them.
  if (!done) return {};
  return roll(brokers, wanted_brokers, done);
}

Status Pass::roll(const std::vector<PodFacts>& pods, std::int64_t wanted_pods, bool& done) {
  auto step = next_rollout_step(pods, wanted_pods);
  done = step.action == RolloutAction::kDone;
  if (done) return {};
  if (step.action == RolloutAction::kReplace) {
    const auto pod = std::find_if(pods.begin(), pods.end(), [&](const PodFacts& one) { return one.name == step.pod; });
    if (!make_way(*pod)) return {};
  }
  progress(step.action == RolloutAction::kReplace ? "RollingUpdate" : "WaitingForPods", step.why);
  if (step.action != RolloutAction::kReplace) return {};
  world_.event(resource_, EventType::kNormal, "ReplacingPod", step.why);
  return world_.remove(kPods, {cluster_.name_space, step.pod}, step.uid, kube::Propagation::kBackground);
}

}  // namespace rmq::operator_
