#include "operator/reconcile/cluster/pods.h"

#include <algorithm>
#include <charconv>

#include <nlohmann/json.hpp>

#include "operator/build/names.h"
#include "operator/kube/json_access.h"

namespace rmq::operator_ {

using kube::find_at;
using kube::text_at;
using nlohmann::json;

namespace {

constexpr std::size_t kMaxTrouble = 300;

std::string sentence(const std::string& reason, const std::string& message) {
  auto text = message.empty() ? reason : reason + ": " + message;
  if (text.size() > kMaxTrouble) text = text.substr(0, kMaxTrouble) + "...";
  return text;
}

const json* condition(const json& pod, std::string_view type) {
  const auto* conditions = find_at(pod, {"status", "conditions"});
  if (conditions == nullptr || !conditions->is_array()) return nullptr;
  for (const auto& item : *conditions) {
    if (text_at(item, {"type"}) == type) return &item;
  }
  return nullptr;
}

std::string container_trouble(const json& status) {
  auto reason = text_at(status, {"state", "waiting", "reason"});
  if (!reason.empty() && reason != "ContainerCreating" && reason != "PodInitializing") {
    auto message = text_at(status, {"state", "waiting", "message"});
    auto last = text_at(status, {"lastState", "terminated", "reason"});  // OOMKilled, Error
    if (!last.empty()) message = "last ended with " + last + (message.empty() ? "" : "; ") + message;
    return sentence(reason, message);
  }
  reason = text_at(status, {"state", "terminated", "reason"});
  return reason.empty() ? "" : sentence(reason, text_at(status, {"state", "terminated", "message"}));
}

std::string find_trouble(const json& pod) {
  if (const auto* statuses = find_at(pod, {"status", "containerStatuses"}); statuses && statuses->is_array()) {
    for (const auto& status : *statuses) {
      if (auto trouble = container_trouble(status); !trouble.empty()) return trouble;
    }
  }
  if (const auto* scheduled = condition(pod, "PodScheduled"); scheduled && text_at(*scheduled, {"status"}) == "False") {
    return sentence(text_at(*scheduled, {"reason"}), text_at(*scheduled, {"message"}));
  }
  if (text_at(pod, {"status", "phase"}) == "Failed") {
    return sentence("Failed", text_at(pod, {"status", "message"}));
  }
  return {};
}

}  // namespace

PodFacts pod_facts(const json& pod, const std::string& wanted_template_hash) {
  PodFacts facts;
  facts.name = text_at(pod, {"metadata", "name"});
  facts.uid = text_at(pod, {"metadata", "uid"});
  if (auto dash = facts.name.rfind('-'); dash != std::string::npos) {
    std::from_chars(facts.name.data() + dash + 1, facts.name.data() + facts.name.size(), facts.ordinal);
  }
  facts.deleting = find_at(pod, {"metadata", "deletionTimestamp"}) != nullptr;
  const auto* ready = condition(pod, "Ready");
  facts.ready = !facts.deleting && ready != nullptr && text_at(*ready, {"status"}) == "True";
  facts.outdated = text_at(pod, {"metadata", "annotations", kTemplateHashAnnotation}) != wanted_template_hash;
  facts.role = text_at(pod, {"metadata", "labels", kRoleLabel});
  if (!facts.ready && !facts.deleting) facts.trouble = find_trouble(pod);  // on its way out, nothing is amiss
  return facts;
}

Rollout next_rollout_step(const std::vector<PodFacts>& pods, std::int64_t wanted_pods) {
  const auto find = [&](auto&& holds) -> const PodFacts* {
    auto found = std::find_if(pods.begin(), pods.end(), holds);
    return found == pods.end() ? nullptr : &*found;
  };
  const auto wait = [](const PodFacts& pod, const std::string& why) {
    return Rollout{RolloutAction::kWait, pod.name, pod.uid, why};
  };
  const auto replace = [](const PodFacts& pod, const std::string& why) {
    return Rollout{RolloutAction::kReplace, pod.name, pod.uid, why};
  };
  if (const auto* sick = find([](const PodFacts& pod) { return pod.outdated && !pod.ready && !pod.deleting; })) {
    return replace(*sick, "replacing " + sick->name + ", which is out of date and not ready");
  }
  if (const auto* leaving = find([](const PodFacts& pod) { return pod.deleting; })) {
    return wait(*leaving, "waiting for " + leaving->name + " to end");
  }
  if (static_cast<std::int64_t>(pods.size()) < wanted_pods) {
    return {RolloutAction::kWait,
            {},
            {},
            std::to_string(pods.size()) + " of " + std::to_string(wanted_pods) + " pods exist"};
  }
  if (const auto* starting = find([](const PodFacts& pod) { return !pod.ready; })) {
    return wait(*starting, "waiting for " + starting->name + " to be ready" +
                               (starting->trouble.empty() ? "" : " (" + starting->trouble + ")"));
  }
  if (const auto* behind = find([](const PodFacts& pod) { return pod.lagging; })) {
    return wait(*behind, "waiting for " + behind->name + " to be in its group's sync set");
  }
  if (const auto* old = find([](const PodFacts& pod) { return pod.outdated; })) {
    return replace(*old, "replacing " + old->name + ", which is out of date");
  }
  return {};
}

}  // namespace rmq::operator_
