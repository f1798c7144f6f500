// Status conditions, with Kubernetes' rule: lastTransitionTime moves only when the status does.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace rmq::operator_ {

enum class ConditionStatus { kTrue, kFalse, kUnknown };
std::string_view to_string(ConditionStatus status);

struct Condition {
  std::string type;
  ConditionStatus status = ConditionStatus::kUnknown;
  std::string reason;   // CamelCase, for programs
  std::string message;  // a sentence, for people
  std::int64_t observed_generation = 0;
  std::string last_transition_time;  // RFC 3339, UTC

  bool operator==(const Condition&) const = default;
};

// Puts `condition` in its place by type. Its last_transition_time is `now`, or the present one's when the status is
// the same.
void set_condition(std::vector<Condition>& conditions, Condition condition, std::string_view now);

const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type);

nlohmann::json to_json(const Condition& condition);
// Reads what it understands: a status is the operator's own output and never a reason to fail.
std::vector<Condition> conditions_from_json(const nlohmann::json& list);

// Milliseconds since the epoch as RFC 3339 to the second, as Kubernetes' metav1.Time.
std::string format_time(std::int64_t wall_ms);

}  // namespace rmq::operator_
