// The epochs this replica has accepted and promised: the rules (rules/slave_rules.h), each step on disk before it
// counts.
#pragma once

#include <mutex>
#include <string>

#include "broker/replication/rules/slave_rules.h"
#include "common/base/result.h"

namespace rmq::replication {

// Thread-safe; changes block for a sync.
class Promises {
 public:
  explicit Promises(std::string path) : path_(std::move(path)), rules_(FollowState{}) {}

  // Before anything else. `last_epoch`: of the log; a file that is older than it (the original ran meanwhile) yields.
  Status load(std::int32_t last_epoch);

  // To follow, or be, the master of this epoch. kConflict: a greater one was accepted or promised.
  Status follow(std::int32_t epoch);
  // kConflict: see FenceVerdict::kRefused.
  Status fence(std::int32_t epoch);
  bool may_acknowledge(std::int32_t epoch) const;
  std::int32_t greatest() const;

 private:
  Status persist();

  const std::string path_;
  mutable std::mutex mutex_;
  SlaveRules rules_;
};

}  // namespace rmq::replication
