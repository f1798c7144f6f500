#include "broker/pull/pull_hold.h"

#include <pthread.h>

#include <algorithm>

namespace rmq::broker {

bool TagFilter::matches(std::int64_t tags_code) const {
  return codes.empty() || std::find(codes.begin(), codes.end(), tags_code) != codes.end();
}

PullHold::PullHold(const Clock& clock, std::size_t max_held, Wake wake)
    : clock_(clock), max_held_(max_held), wake_(std::move(wake)), thread_([this] { run(); }) {
  pthread_setname_np(thread_.native_handle(), "pull-hold");
}

PullHold::~PullHold() {
  stop();
}

PullHold::Shard& PullHold::shard_of(const store::TopicQueue* queue) {
  return shards_[std::hash<const void*>{}(queue) / 64 % shards_.size()];
}

bool PullHold::hold(HeldPull&& pull) {
  if (held_.fetch_add(1) >= max_held_) {
    held_.fetch_sub(1);
    return false;
  }
  const auto* queue = pull.queue;
  const auto offset = pull.offset;
  const auto deadline = pull.deadline_ms;
  const Key key = next_key_.fetch_add(1, std::memory_order_relaxed);
  auto& shard = shard_of(queue);
  {
    std::lock_guard lock(shard.mutex);
    shard.waiting[queue].emplace_back(key, std::move(pull));
  }
  bool stopped = false;
  {
    std::lock_guard lock(deadlines_mutex_);
    const auto position = deadlines_.emplace(deadline, Deadline{queue, key});
    stopped = stopping_;
    if (position == deadlines_.begin()) deadlines_changed_.notify_one();
  }
  // What arrived between the caller's look and now found nobody waiting.
  if (stopped || queue->max_offset() > offset) expire({queue, key});
  return true;
}

void PullHold::on_arrival(const store::TopicQueue& queue, std::int64_t offset, std::int64_t tags_code) {
  if (held_.load() == 0) return;
  std::vector<HeldPull> woken;
  auto& shard = shard_of(&queue);
  {
    std::lock_guard lock(shard.mutex);
    const auto found = shard.waiting.find(&queue);
    if (found == shard.waiting.end()) return;
    auto& list = found->second;
    const auto stays = [&](const auto& entry) {
      return entry.second.offset > offset || !entry.second.filter.matches(tags_code);
    };
    const auto first = std::stable_partition(list.begin(), list.end(), stays);
    for (auto it = first; it != list.end(); ++it) woken.push_back(std::move(it->second));
    list.erase(first, list.end());
    if (list.empty()) shard.waiting.erase(found);
  }
  held_.fetch_sub(woken.size());
  for (auto& pull : woken) wake_(std::move(pull));
}

void PullHold::expire(const Deadline& deadline) {
  HeldPull pull;
  auto& shard = shard_of(deadline.queue);
  {
    std::lock_guard lock(shard.mutex);
    const auto found = shard.waiting.find(deadline.queue);
    if (found == shard.waiting.end()) return;
    auto& list = found->second;
    const auto it = std::find_if(list.begin(), list.end(), [&](const auto& e) { return e.first == deadline.key; });
    if (it == list.end()) return;
    pull = std::move(it->second);
    list.erase(it);
    if (list.empty()) shard.waiting.erase(found);
  }
  held_.fetch_sub(1);
  wake_(std::move(pull));
}

void PullHold::run() {
  std::unique_lock lock(deadlines_mutex_);
  while (!stopping_) {
    const auto now = clock_.monotonic_ms();
    if (deadlines_.empty()) {
      deadlines_changed_.wait(lock);
    } else if (const auto first = deadlines_.begin(); first->first > now) {
      deadlines_changed_.wait_for(lock, std::chrono::milliseconds(first->first - now));
    } else {
      const auto due = first->second;
      deadlines_.erase(first);
      lock.unlock();
      expire(due);
      lock.lock();
    }
  }
}

void PullHold::stop() {
  {
    std::lock_guard lock(deadlines_mutex_);
    stopping_ = true;
    deadlines_changed_.notify_one();
  }
  if (thread_.joinable()) thread_.join();
  for (auto& shard : shards_) {
    std::unordered_map<const store::TopicQueue*, std::vector<std::pair<Key, HeldPull>>> waiting;
    {
      std::lock_guard lock(shard.mutex);
      waiting.swap(shard.waiting);
    }
    for (auto& [queue, list] : waiting) {
      held_.fetch_sub(list.size());
      for (auto& [key, pull] : list) wake_(std::move(pull));
    }
  }
}

}  // namespace rmq::broker
