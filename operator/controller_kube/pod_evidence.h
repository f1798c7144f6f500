// What a pod's status proves about the process in it. Pure.
//
// Only an ended container is a proof: a pod that was deleted by force, or whose node is silent, may run on behind a cut
// network. Whether the proof is about the process that the Controller knows is the Controller's to see: it counts once
// that process's connection is closed.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace rmq::operator_ {

struct EndedProcess {
  std::string group;  // broker name
  std::string pod;
  std::string cluster;
  std::string ns;
  std::string what;  // "container ended: OOMKilled, exit code 137"
};

// What ended between two sights of a pod. `before` null: first seen; then only what does not run again counts. `after`
// null: deleted; its last status counts. Nothing for pods that are no brokers.
std::vector<EndedProcess> ended_processes(const nlohmann::json* before, const nlohmann::json* after);

}  // namespace rmq::operator_
