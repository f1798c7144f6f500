#include "operator/kube/event_rules.h"

#include <algorithm>

namespace rmq::kube {
namespace {

std::string key_of_fact(const EventFact& fact) {
  std::string key;
  for (const auto* part : {&fact.object, &fact.type, &fact.reason, &fact.note}) {
    key += *part;
    key += '\0';
  }
  return key;
}

}  // namespace

bool EventRules::spend(const std::string& object, std::int64_t now_ms) {
  if (budgets_.size() >= limits_.max_entries && !budgets_.contains(object)) {
    // Forget whoever has been quiet long enough to be full again; if nobody has, whoever was quiet longest.
    const auto full_after = static_cast<std::int64_t>(limits_.burst) * limits_.refill_ms;
    std::erase_if(budgets_, [&](const auto& item) { return now_ms - item.second.at_ms >= full_after; });
    if (budgets_.size() >= limits_.max_entries) {
      budgets_.erase(std::min_element(budgets_.begin(), budgets_.end(),
                                      [](const auto& a, const auto& b) { return a.second.at_ms < b.second.at_ms; }));
    }
  }
  const double burst = limits_.burst;
  auto [it, inserted] = budgets_.try_emplace(object, Budget{burst, now_ms});
  auto& budget = it->second;
  budget.left = std::min(
      burst, budget.left + static_cast<double>(now_ms - budget.at_ms) / static_cast<double>(limits_.refill_ms));
  budget.at_ms = now_ms;
  if (budget.left < 1) return false;
  budget.left -= 1;
  return true;
}

EventVerdict EventRules::observe(const EventFact& fact, const std::string& name, std::int64_t now_ms) {
  auto key = key_of_fact(fact);
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    auto& entry = entries_.front();
    const bool news = now_ms - entry.seen_ms > limits_.silence_ms;
    entry.seen_ms = now_ms;
    if (!news || !spend(fact.object, now_ms)) return {};
    return {EventVerdict::What::kCount, entry.name, ++entry.count};
  }
  if (!spend(fact.object, now_ms)) return {};
  if (entries_.size() >= limits_.max_entries) {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
  entries_.push_front({key, name, 1, now_ms});
  by_key_.emplace(std::move(key), entries_.begin());
  return {EventVerdict::What::kCreate, name, 1};
}

void EventRules::forget(const EventFact& fact) {
  const auto found = by_key_.find(key_of_fact(fact));
  if (found == by_key_.end()) return;
  entries_.erase(found->second);
  by_key_.erase(found);
}

}  // namespace rmq::kube
