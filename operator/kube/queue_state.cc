#include "operator/kube/queue_state.h"

namespace rmq::kube {

void QueueState::add(const std::string& key) {
  drop_delayed(key);
  if (!dirty_.insert(key).second) return;
  if (!working_.contains(key)) queue_.push_back(key);
}

void QueueState::add_at(const std::string& key, std::int64_t due_ms) {
  if (dirty_.contains(key)) return;  // comes sooner anyway
  const auto [held, inserted] = due_of_.try_emplace(key, due_ms);
  if (!inserted) {
    if (held->second <= due_ms) return;
    delayed_.erase({held->second, key});
    held->second = due_ms;
  }
  delayed_.insert({due_ms, key});
}

void QueueState::drop_delayed(const std::string& key) {
  const auto held = due_of_.find(key);
  if (held == due_of_.end()) return;
  delayed_.erase({held->second, key});
  due_of_.erase(held);
}

std::int64_t QueueState::retry(const std::string& key, std::int64_t now_ms) {
  const auto due = now_ms + backoff_delay(retry_, failures_[key]++, jitter_.next()).count();
  add_at(key, due);
  return due;
}

unsigned QueueState::failures(const std::string& key) const {
  const auto found = failures_.find(key);
  return found == failures_.end() ? 0 : found->second;
}

std::optional<std::string> QueueState::take(std::int64_t now_ms) {
  while (!delayed_.empty() && delayed_.begin()->first <= now_ms) {
    const std::string key = delayed_.begin()->second;
    add(key);
  }
  if (queue_.empty()) return std::nullopt;
  std::string key = std::move(queue_.front());
  queue_.pop_front();
  dirty_.erase(key);
  working_.insert(key);
  return key;
}

void QueueState::done(const std::string& key) {
  if (working_.erase(key) > 0 && dirty_.contains(key)) queue_.push_back(key);
}

std::optional<std::int64_t> QueueState::next_due() const {
  if (delayed_.empty()) return std::nullopt;
  return delayed_.begin()->first;
}

}  // namespace rmq::kube
