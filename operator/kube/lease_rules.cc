#include "operator/kube/lease_rules.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "operator/kube/json_access.h"
#include "operator/kube/micro_time.h"

namespace rmq::kube {

// A foreign lease of absurd length must not lock us out for ever.
constexpr std::int64_t kLongestLeaseSeconds = 3600;

LeaseRecord read_lease(const nlohmann::json& lease) {
  LeaseRecord record;
  record.holder = text_at(lease, {"spec", "holderIdentity"});
  record.duration_seconds = int_at(lease, {"spec", "leaseDurationSeconds"});
  record.acquire_time = text_at(lease, {"spec", "acquireTime"});
  record.renew_time = text_at(lease, {"spec", "renewTime"});
  record.transitions = int_at(lease, {"spec", "leaseTransitions"});
  return record;
}

void write_lease(nlohmann::json& lease, const LeaseRecord& record) {
  auto& spec = lease["spec"];
  spec["holderIdentity"] = record.holder;
  spec["leaseDurationSeconds"] = record.duration_seconds;
  spec["leaseTransitions"] = record.transitions;
  spec["acquireTime"] = record.acquire_time;
  spec["renewTime"] = record.renew_time;
}

void LeaseRules::observed(const LeaseRecord& record, std::int64_t now_ms) {
  if (!seen_ || record != record_) {
    record_ = record;
    observed_at_ms_ = now_ms;
    seen_ = true;
  }
  if (record_.holder != identity_) lost();
}

bool LeaseRules::may_take(std::int64_t now_ms) const {
  if (record_.holder.empty() || record_.holder == identity_) return true;
  const auto seconds = std::clamp<std::int64_t>(record_.duration_seconds, 0, kLongestLeaseSeconds);
  return now_ms - observed_at_ms_ >= std::max(seconds * 1000, times_.duration_ms);
}

LeaseRecord LeaseRules::claim(std::int64_t wall_ms) const {
  LeaseRecord next;
  next.holder = identity_;
  next.duration_seconds = times_.duration_ms / 1000;
  next.renew_time = micro_time(wall_ms);
  const bool ours = record_.holder == identity_ && !record_.acquire_time.empty();
  next.acquire_time = ours ? record_.acquire_time : next.renew_time;
  next.transitions = record_.transitions + (seen_ && record_.holder != identity_ ? 1 : 0);
  return next;
}

void LeaseRules::claimed(const LeaseRecord& record, std::int64_t begun_ms, std::int64_t now_ms) {
  record_ = record;
  observed_at_ms_ = now_ms;
  seen_ = true;
  leading_until_ms_ = begun_ms + times_.renew_deadline_ms;
}

std::optional<LeaseRecord> LeaseRules::release(std::int64_t wall_ms) const {
  if (!seen_ || record_.holder != identity_) return std::nullopt;
  LeaseRecord next = record_;
  next.holder.clear();
  next.duration_seconds = 1;  // the API refuses 0
  next.renew_time = micro_time(wall_ms);
  next.acquire_time = next.renew_time;
  return next;
}

}  // namespace rmq::kube
