// What a pass saw, as status and events.
#include <algorithm>

#include "operator/build/names.h"
#include "operator/kube/json_access.h"
#include "operator/reconcile/cluster/kinds.h"
#include "operator/reconcile/cluster/pass.h"

namespace rmq::operator_ {

using nlohmann::json;

namespace {

constexpr std::size_t kMaxMessage = 1000;

std::string limited(std::string text) {
  if (text.size() > kMaxMessage) text = text.substr(0, kMaxMessage) + "...";
  return text;
}

std::string of(std::int64_t ready, std::int64_t wanted, std::string_view what) {
  return std::to_string(ready) + " of " + std::to_string(wanted) + " " + std::string(what);
}

}  // namespace

void Pass::observe(ClusterStatus& status) const {
  const auto& spec = cluster_.spec;
  status.name_server_addresses.clear();
  for (std::int64_t i = 0; i < spec.name_servers.replicas; ++i) {
    status.name_server_addresses.push_back(name_server_pod_address(cluster_, i));
  }
  status.ready_name_servers =
      std::count_if(name_server_pods_.begin(), name_server_pods_.end(), [](const PodFacts& pod) { return pod.ready; });
  status.groups.clear();
  status.masters = 0;
  for (std::size_t i = 0; i < broker_pods_.size(); ++i) {
    const auto group = static_cast<std::int64_t>(i);
    GroupStatus entry{.name = broker_group_name(cluster_, group)};
    for (const auto& pod : broker_pods_[i]) {
      const bool master = view_of(group) != nullptr ? pod.name == view_of(group)->master : !has_controller(cluster_);
      if (master && pod.ready) {
        entry.master = pod.name;
        ++status.masters;
      }
      entry.pods.push_back({.name = pod.name,
                            .address = broker_pod_address(cluster_, group, pod.ordinal),
                            .role = master ? "master" : "slave",
                            .ready = pod.ready,
                            .in_sync = has_controller(cluster_) ? !pod.lagging : pod.ready});
    }
    status.groups.push_back(std::move(entry));
  }
  status.broker_groups = groups_ + static_cast<std::int64_t>(surplus_.size());
  status.selector = selector_text(broker_selector(cluster_));
  const auto outdated = [](const PodFacts& pod) { return pod.outdated; };
  const bool mixed = std::any_of(name_server_pods_.begin(), name_server_pods_.end(), outdated) ||
                     std::any_of(broker_pods_.begin(), broker_pods_.end(),
                                 [&](const auto& pods) { return std::any_of(pods.begin(), pods.end(), outdated); });
  // The old version stands until the last pod has left it.
  if (!mixed || status.version.empty()) status.version = effective_version(cluster_, defaults_);
}

Condition Pass::ready_condition(const ClusterStatus& status) const {
  const auto name_servers = cluster_.spec.name_servers.replicas;
  const bool ready = status.ready_name_servers >= name_servers && status.masters >= groups_ && !broker_pods_.empty();
  Condition condition{.type = std::string(kReady)};
  condition.status = ready ? ConditionStatus::kTrue : ConditionStatus::kFalse;
  condition.reason = ready ? "AllReady" : "NotAllReady";
  condition.message = of(status.ready_name_servers, name_servers, "name servers and ") +
                      of(status.masters, groups_, "masters are ready");
  return condition;
}

void Pass::judge(ClusterStatus& status) const {
  const auto now = format_time(clock_.wall_ms());
  const auto set = [&](Condition condition) {
    condition.message = limited(std::move(condition.message));
    condition.observed_generation = cluster_.generation;
    set_condition(status.conditions, std::move(condition), now);
  };
  const auto join = [](const std::vector<Problem>& list) {
    std::string text;
    for (const auto& item : list) text += (text.empty() ? "" : "; ") + item.message;
    return text;
  };

  auto problems = problems_;
  const auto add_trouble = [&](const PodFacts& pod) {
    if (!pod.trouble.empty()) problems.push_back({"PodsFailing", pod.name + ": " + pod.trouble});
  };
  std::for_each(name_server_pods_.begin(), name_server_pods_.end(), add_trouble);
  for (const auto& pods : broker_pods_) std::for_each(pods.begin(), pods.end(), add_trouble);

  judge_groups(problems);

  if (spec_known_ && !broker_pods_.empty()) {
    set(ready_condition(status));
  } else if (find_condition(status.conditions, kReady) == nullptr) {
    set({.type = std::string(kReady),
         .status = ConditionStatus::kFalse,
         .reason = problems.empty() ? "NotAllReady" : problems.front().reason,
         .message = join(problems)});
  }
  if (problems.empty()) {
    set({.type = std::string(kDegraded), .status = ConditionStatus::kFalse, .reason = "AsExpected", .message = ""});
  } else {
    set({.type = std::string(kDegraded),
         .status = ConditionStatus::kTrue,
         .reason = problems.front().reason,
         .message = join(problems)});
  }
  judge_replication(status, now);
  const bool paused = spec_known_ && cluster_.spec.paused;
  if (paused || progress_.empty()) {
    set({.type = std::string(kProgressing),
         .status = ConditionStatus::kFalse,
         .reason = paused                        ? "Paused"
                   : stop_ || !problems_.empty() ? "Stopped"
                                                 : "UpToDate",
         .message = paused ? "spec.paused is true: nothing is changed" : ""});
  } else {
    set({.type = std::string(kProgressing),
         .status = ConditionStatus::kTrue,
         .reason = progress_.front().reason,
         .message = join(progress_)});
  }
}

Status Pass::write_status() {
  auto status = cluster_.status;
  status.observed_generation = cluster_.generation;
  // Without pods seen (a bad spec, a step that failed) what was known before stands.
  if (!broker_pods_.empty()) observe(status);
  judge(status);
  if (status == cluster_.status) return {};

  // The version read goes along: a status made from an old cache must not replace a newer one.
  json patch{{"metadata", {{"resourceVersion", kube::text_at(resource_, {"metadata", "resourceVersion"})}}},
             {"status", to_json(status)}};
  auto written = world_.patch(kClusters, {cluster_.name_space, cluster_.name}, patch, "status");
  // Deleted, or changed meanwhile: the cache is behind, and what it has not seen yet brings the next pass.
  if (!written && written.error().kind == ErrorKind::kNotFound) return {};
  if (!written && written.error().kind == ErrorKind::kConflict) return {};
  if (!written) return fail(std::move(written).error().with("write status"));
  tell(cluster_.status, status);
  return {};
}

void Pass::tell(const ClusterStatus& before, const ClusterStatus& after) {
  const auto* was_degraded = find_condition(before.conditions, kDegraded);
  const auto* degraded = find_condition(after.conditions, kDegraded);
  if (degraded->status == ConditionStatus::kTrue &&
      (was_degraded == nullptr || was_degraded->status != degraded->status ||
       was_degraded->message != degraded->message)) {
    world_.event(resource_, EventType::kWarning, degraded->reason, degraded->message);
  }
  const auto* was_ready = find_condition(before.conditions, kReady);
  const auto* ready = find_condition(after.conditions, kReady);
  if (ready->status == ConditionStatus::kTrue && (was_ready == nullptr || was_ready->status != ready->status)) {
    world_.event(resource_, EventType::kNormal, "Ready", ready->message);
  } else if (ready->status == ConditionStatus::kFalse && was_ready != nullptr &&
             was_ready->status == ConditionStatus::kTrue) {
    world_.event(resource_, EventType::kNormal, "NotReady", ready->message);  // a planned update does this too
  }
}

}  // namespace rmq::operator_
