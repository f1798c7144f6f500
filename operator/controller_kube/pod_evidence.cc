#include "operator/controller_kube/pod_evidence.h"

#include <map>

#include <nlohmann/json.hpp>

#include "operator/build/names.h"
#include "operator/kube/json_access.h"
#include "operator/kube/resource.h"

namespace rmq::operator_ {

using kube::text_at;
using nlohmann::json;

namespace {

struct Ended {
  std::string what;
  bool current = false;  // and nothing runs in its place
};

void collect(const json& status, const char* member, bool current, std::map<std::string, Ended>& into) {
  const auto* ended = kube::find_at(status, {member, "terminated"});
  if (ended == nullptr || !ended->is_object()) return;
  auto id = text_at(*ended, {"containerID"});
  if (id.empty()) id = text_at(status, {"containerID"});
  if (id.empty()) return;  // never started
  into[id] = {"container ended: " + text_at(*ended, {"reason"}) + ", exit code " +
                  std::to_string(kube::int_at(*ended, {"exitCode"}, -1)),
              current};
}

std::map<std::string, Ended> ended_in(const json& pod) {
  std::map<std::string, Ended> ended;
  const auto* statuses = kube::find_at(pod, {"status", "containerStatuses"});
  if (statuses == nullptr || !statuses->is_array()) return ended;
  for (const auto& status : *statuses) {
    if (text_at(status, {"name"}) != kBrokerComponent) continue;  // a sidecar of somebody's
    collect(status, "lastState", false, ended);
    collect(status, "state", true, ended);
  }
  return ended;
}

}  // namespace

std::vector<EndedProcess> ended_processes(const json* before, const json* after) {
  const auto* pod = after != nullptr ? after : before;
  if (pod == nullptr || text_at(*pod, {"metadata", "labels", kComponentLabel}) != kBrokerComponent) return {};
  const auto key = kube::key_of(*pod);
  const auto dash = key.name.rfind('-');
  if (dash == std::string::npos || text_at(*pod, {"metadata", "labels", kGroupLabel}).empty()) return {};

  const auto now = ended_in(*pod);
  const bool changed = before != nullptr && after != nullptr &&
                       text_at(*before, {"metadata", "uid"}) == text_at(*after, {"metadata", "uid"});
  const auto known = changed ? ended_in(*before) : std::map<std::string, Ended>();
  std::vector<EndedProcess> out;
  for (const auto& [id, ended] : now) {
    if (known.contains(id) || (!changed && !ended.current)) continue;
    out.push_back({.group = key.name.substr(0, dash),
                   .pod = key.name,
                   .cluster = text_at(*pod, {"metadata", "labels", kInstanceLabel}),
                   .ns = key.ns,
                   .what = ended.what});
  }
  return out;
}

}  // namespace rmq::operator_
