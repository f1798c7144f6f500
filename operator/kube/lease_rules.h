// The rules of leader election with a Lease (coordination.k8s.io/v1), as client-go plays them, so that ours and theirs
// can share one. Whether another's lease has run out is judged by our own clock since we last saw it change; the times
// written in it are for people, so clocks of different machines need not agree.
// No I/O, no clock: the Lease and times in, what to do out. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

namespace rmq::kube {

struct LeaseTimes {
  std::int64_t duration_ms = 15'000;        // others wait this long after our last renewal
  std::int64_t renew_deadline_ms = 10'000;  // we stop leading this long after ours
  std::int64_t retry_ms = 2'000;            // between tries
};

struct LeaseRecord {
  std::string holder;  // "": nobody
  std::int64_t duration_seconds = 0;
  std::string acquire_time;
  std::string renew_time;
  std::int64_t transitions = 0;

  bool operator==(const LeaseRecord&) const = default;
};

LeaseRecord read_lease(const nlohmann::json& lease);
// Puts the record into a Lease's spec; all else in it stays.
void write_lease(nlohmann::json& lease, const LeaseRecord& record);

class LeaseRules {
 public:
  LeaseRules(std::string identity, LeaseTimes times) : identity_(std::move(identity)), times_(times) {}

  // A Lease was read or written at `now_ms` (monotonic).
  void observed(const LeaseRecord& record, std::int64_t now_ms);
  // May we write ourselves into it? Yes if it is free, ours, or has not changed for its duration while we watched.
  bool may_take(std::int64_t now_ms) const;
  // What to write then.
  LeaseRecord claim(std::int64_t wall_ms) const;
  // Our write, begun at `begun_ms`, was accepted: we lead until begun_ms + renew_deadline.
  void claimed(const LeaseRecord& record, std::int64_t begun_ms, std::int64_t now_ms);
  // What to write on leaving, so that the next need not wait; nullopt if we do not hold it.
  std::optional<LeaseRecord> release(std::int64_t wall_ms) const;
  void lost() { leading_until_ms_.reset(); }

  bool leads(std::int64_t now_ms) const { return leading_until_ms_ && now_ms < *leading_until_ms_; }
  // When leading ends if nothing is renewed.
  std::optional<std::int64_t> leading_until() const { return leading_until_ms_; }
  const std::string& holder() const { return record_.holder; }

 private:
  const std::string identity_;
  const LeaseTimes times_;
  LeaseRecord record_;
  std::int64_t observed_at_ms_ = 0;
  bool seen_ = false;
  std::optional<std::int64_t> leading_until_ms_;
};

}  // namespace rmq::kube
