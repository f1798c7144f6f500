// Locks of queues for orderly consumption: one client of a group at a time (codes 41, 42).
// Source: org.apache.rocketmq.broker.client.rebalance.RebalanceLockManager of 5.5.0.
#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "common/base/clock.h"
#include "common/protocol/body/message_queue.h"

namespace rmq::broker {

// Thread-safe.
class QueueLocks {
 public:
  // A lock that was not renewed this long is free; clients renew every 20 s.
  static constexpr std::int64_t kLifetimeMs = 60'000;

  explicit QueueLocks(const Clock& clock) : clock_(clock) {}

  // Locks or renews; returns those of `queues` that `client_id` holds now.
  std::set<protocol::MessageQueue> lock(std::string_view group, const std::set<protocol::MessageQueue>& queues,
                                        std::string_view client_id);
  // Frees those that `client_id` holds.
  void unlock(std::string_view group, const std::set<protocol::MessageQueue>& queues, std::string_view client_id);

  // True if nobody of the group holds a live lock (retries of such a group need not go to the dead letters).
  bool all_expired(std::string_view group) const;

  // Forgets locks that expired long ago: memory stays bounded by what clients hold. Every minute or so.
  void forget_expired();

 private:
  struct Lock {
    std::string client_id;
    std::int64_t renewed_ms = 0;
  };
  using Group = std::map<protocol::MessageQueue, Lock>;

  bool expired(const Lock& lock, std::int64_t now) const { return now - lock.renewed_ms > kLifetimeMs; }

  const Clock& clock_;
  mutable std::mutex mutex_;
  std::map<std::string, Group, std::less<>> groups_;
};

}  // namespace rmq::broker
