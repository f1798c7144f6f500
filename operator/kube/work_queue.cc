#include "operator/kube/work_queue.h"

#include <exception>
#include <random>

#include "common/base/log.h"

namespace rmq::kube {

WorkQueue::WorkQueue(const Clock& clock, BackoffLimits retry) : clock_(clock), state_(retry, std::random_device{}()) {}

void WorkQueue::add(const std::string& key) {
  {
    std::lock_guard lock(mutex_);
    if (shut_down_) return;
    state_.add(key);
  }
  changed_.notify_one();
}

void WorkQueue::add_after(const std::string& key, std::chrono::milliseconds delay) {
  if (delay.count() <= 0) {
    add(key);
    return;
  }
  {
    std::lock_guard lock(mutex_);
    if (shut_down_) return;
    state_.add_at(key, clock_.monotonic_ms() + delay.count());
  }
  changed_.notify_one();
}

void WorkQueue::retry(const std::string& key) {
  {
    std::lock_guard lock(mutex_);
    if (shut_down_) return;
    state_.retry(key, clock_.monotonic_ms());
  }
  changed_.notify_one();
}

void WorkQueue::forget(const std::string& key) {
  std::lock_guard lock(mutex_);
  state_.forget(key);
}

std::optional<std::string> WorkQueue::take() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (shut_down_) return std::nullopt;
    const auto now = clock_.monotonic_ms();
    if (auto key = state_.take(now)) {
      // Several keys may have become due at once, with one waiter woken for them.
      if (state_.waiting() > 0) changed_.notify_one();
      return key;
    }
    if (const auto due = state_.next_due()) {
      changed_.wait_for(lock, std::chrono::milliseconds(*due - now));
    } else {
      changed_.wait(lock);
    }
  }
}

void WorkQueue::done(const std::string& key) {
  {
    std::lock_guard lock(mutex_);
    state_.done(key);
  }
  changed_.notify_one();
}

void WorkQueue::shut_down() {
  {
    std::lock_guard lock(mutex_);
    shut_down_ = true;
  }
  changed_.notify_all();
}

std::size_t WorkQueue::size() const {
  std::lock_guard lock(mutex_);
  return state_.waiting();
}

Workers::Workers(WorkQueue& queue, unsigned count, Work work) : queue_(queue), work_(std::move(work)) {
  threads_.reserve(count);
  for (unsigned i = 0; i < count; ++i) threads_.emplace_back([this] { run(); });
}

Workers::~Workers() {
  stop();
}

void Workers::stop() {
  queue_.shut_down();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

void Workers::run() {
  while (const auto key = queue_.take()) {
    Result<std::optional<std::chrono::milliseconds>> outcome;
    try {
      outcome = work_(*key);
    } catch (const std::exception& error) {
      outcome = fail(ErrorKind::kInternal, std::string("work threw: ") + error.what());
    }
    if (!outcome) {
      log::warn("work failed, to be tried again", {{"key", *key}, {"error", outcome.error()}});
      queue_.retry(*key);
    } else {
      queue_.forget(*key);
      if (*outcome) queue_.add_after(*key, **outcome);
    }
    queue_.done(*key);
  }
}

}  // namespace rmq::kube
