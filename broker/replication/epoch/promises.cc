#include "broker/replication/epoch/promises.h"

#include <algorithm>

#include "broker/replication/epoch/follow_file.h"

namespace rmq::replication {

Status Promises::load(std::int32_t last_epoch) {
  RMQ_TRY(auto state, load_follow_state(path_));
  state.accepted_epoch = std::max(state.accepted_epoch, last_epoch);
  std::lock_guard lock(mutex_);
  rules_ = SlaveRules(state);
  return {};
}

Status Promises::follow(std::int32_t epoch) {
  std::lock_guard lock(mutex_);
  const auto former = rules_;
  switch (rules_.follow(epoch)) {
    case FollowVerdict::kFollow: return {};
    case FollowVerdict::kPersistFirst: break;
    case FollowVerdict::kStale:
      return fail(ErrorKind::kConflict, "epoch " + std::to_string(epoch) + " is older than one accepted or promised");
  }
  auto stored = persist();
  if (!stored) rules_ = former;
  return stored;
}

Status Promises::fence(std::int32_t epoch) {
  std::lock_guard lock(mutex_);
  const auto former = rules_;
  switch (rules_.fence(epoch)) {
    case FenceVerdict::kPromised: return {};
    case FenceVerdict::kPersistFirst: break;
    case FenceVerdict::kRefused:
      return fail(ErrorKind::kConflict, "epoch " + std::to_string(epoch) + " is decided, or a greater one promised");
  }
  auto stored = persist();
  if (!stored) rules_ = former;
  return stored;
}

bool Promises::may_acknowledge(std::int32_t epoch) const {
  std::lock_guard lock(mutex_);
  return rules_.may_acknowledge(epoch);
}

std::int32_t Promises::greatest() const {
  std::lock_guard lock(mutex_);
  return std::max(rules_.durable().accepted_epoch, rules_.durable().promised_epoch);
}

// A file that could not be written may still hold the new state; that only makes this replica stricter.
Status Promises::persist() {
  const auto state = rules_.durable();
  RMQ_CHECK_OK(store_follow_state(path_, state));
  rules_.persisted(state);
  return {};
}

}  // namespace rmq::replication
