// What pods say of themselves, and which of them is to be replaced next. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace rmq::operator_ {

struct PodFacts {
  std::string name;
  std::string uid;
  std::int64_t ordinal = -1;
  bool ready = false;
  bool deleting = false;
  bool outdated = false;  // made from another template than the wanted one
  bool lagging = false;   // of a group with several replicas: alive, perhaps, but not in its sync set
  std::string role;       // its label
  std::string trouble;    // why it does not run, when its status says so: "ImagePullBackOff: ..."
};

PodFacts pod_facts(const nlohmann::json& pod, const std::string& wanted_template_hash);

enum class RolloutAction { kDone, kWait, kReplace };
struct Rollout {
  RolloutAction action = RolloutAction::kDone;
  std::string pod;  // to replace, or waited for
  std::string uid;
  std::string why;  // a sentence without its dot
};

// One pod at a time: an outdated pod that serves is replaced only while all the others are ready and up to date or
// waiting their turn; an outdated pod that does not serve is replaced at once, since a newer template may be its cure.
// The first in the list goes first.
Rollout next_rollout_step(const std::vector<PodFacts>& pods, std::int64_t wanted_pods);

}  // namespace rmq::operator_
