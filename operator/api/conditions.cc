#include "operator/api/conditions.h"

#include <algorithm>
#include <array>
#include <ctime>

#include <nlohmann/json.hpp>

namespace rmq::operator_ {

std::string_view to_string(ConditionStatus status) {
  switch (status) {
    case ConditionStatus::kTrue: return "True";
    case ConditionStatus::kFalse: return "False";
    case ConditionStatus::kUnknown: break;
  }
  return "Unknown";
}

void set_condition(std::vector<Condition>& conditions, Condition condition, std::string_view now) {
  condition.last_transition_time = now;
  auto present = std::find_if(conditions.begin(), conditions.end(),
                              [&](const Condition& other) { return other.type == condition.type; });
  if (present == conditions.end()) {
    conditions.push_back(std::move(condition));
    return;
  }
  if (present->status == condition.status && !present->last_transition_time.empty()) {
    condition.last_transition_time = present->last_transition_time;
  }
  *present = std::move(condition);
}

const Condition* find_condition(const std::vector<Condition>& conditions, std::string_view type) {
  for (const auto& condition : conditions) {
    if (condition.type == type) return &condition;
  }
  return nullptr;
}

nlohmann::json to_json(const Condition& condition) {
  return {{"type", condition.type},
          {"status", to_string(condition.status)},
          {"reason", condition.reason},
          {"message", condition.message},
          {"observedGeneration", condition.observed_generation},
          {"lastTransitionTime", condition.last_transition_time}};
}

std::vector<Condition> conditions_from_json(const nlohmann::json& list) {
  std::vector<Condition> conditions;
  if (!list.is_array()) return conditions;
  const auto text = [](const nlohmann::json& object, const char* key) {
    auto member = object.find(key);
    return member != object.end() && member->is_string() ? member->get<std::string>() : std::string();
  };
  for (const auto& item : list) {
    if (!item.is_object()) continue;
    Condition condition;
    condition.type = text(item, "type");
    auto status = text(item, "status");
    condition.status = status == "True"    ? ConditionStatus::kTrue
                       : status == "False" ? ConditionStatus::kFalse
                                           : ConditionStatus::kUnknown;
    condition.reason = text(item, "reason");
    condition.message = text(item, "message");
    condition.last_transition_time = text(item, "lastTransitionTime");
    if (auto generation = item.find("observedGeneration");
        generation != item.end() && generation->is_number_integer()) {
      condition.observed_generation = generation->get<std::int64_t>();
    }
    conditions.push_back(std::move(condition));
  }
  return conditions;
}

std::string format_time(std::int64_t wall_ms) {
  const auto seconds = static_cast<std::time_t>(wall_ms / 1000);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

}  // namespace rmq::operator_
