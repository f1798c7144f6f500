#include "broker/client/queue_locks.h"

namespace rmq::broker {

std::set<protocol::MessageQueue> QueueLocks::lock(std::string_view group,
                                                  const std::set<protocol::MessageQueue>& queues,
                                                  std::string_view client_id) {
  std::int64_t now = clock_.monotonic_ms();
  std::set<protocol::MessageQueue> held;
  if (queues.empty()) return held;
  std::lock_guard guard(mutex_);
  auto found = groups_.find(group);
  if (found == groups_.end()) found = groups_.emplace(std::string(group), Group{}).first;
  for (const auto& queue : queues) {
    auto [entry, added] = found->second.try_emplace(queue);
    Lock& lock = entry->second;
    if (!added && lock.client_id != client_id && !expired(lock, now)) continue;
    lock.client_id = client_id;
    lock.renewed_ms = now;
    held.insert(queue);
  }
  return held;
}

void QueueLocks::unlock(std::string_view group, const std::set<protocol::MessageQueue>& queues,
                        std::string_view client_id) {
  std::lock_guard guard(mutex_);
  auto found = groups_.find(group);
  if (found == groups_.end()) return;
  for (const auto& queue : queues) {
    auto entry = found->second.find(queue);
    if (entry != found->second.end() && entry->second.client_id == client_id) found->second.erase(entry);
  }
  if (found->second.empty()) groups_.erase(found);
}

bool QueueLocks::all_expired(std::string_view group) const {
  std::int64_t now = clock_.monotonic_ms();
  std::lock_guard guard(mutex_);
  auto found = groups_.find(group);
  if (found == groups_.end()) return true;
  for (const auto& [queue, lock] : found->second) {
    if (!expired(lock, now)) return false;
  }
  return true;
}

void QueueLocks::forget_expired() {
  std::int64_t now = clock_.monotonic_ms();
  std::lock_guard guard(mutex_);
  for (auto group = groups_.begin(); group != groups_.end();) {
    std::erase_if(group->second, [&](const auto& entry) { return expired(entry.second, now); });
    group = group->second.empty() ? groups_.erase(group) : std::next(group);
  }
}

}  // namespace rmq::broker
