#include "broker/store/ack_gate.h"

namespace rmq::store {

AckGate::~AckGate() {
  fail_all(AppendStatus::kClosed);
}

bool AckGate::passed(std::uint8_t wait_for, std::int64_t offset) const {
  for (std::size_t i = 0; i < kMarks; ++i) {
    if ((wait_for >> i & 1) != 0 && marks_[i].load(std::memory_order_acquire) < offset) return false;
  }
  return true;
}

void AckGate::finish(Released released) {
  if (released.empty()) return;
  const bool leased = lease_lasts(clock_.monotonic_ms());
  for (auto& batch : released) {
    if (!leased && batch->status == AppendStatus::kOk) batch->status = AppendStatus::kReplicaTimeout;
    auto* listener = batch->listener;
    if (listener != nullptr) listener->on_appended(std::move(batch));
  }
}

void AckGate::add(std::unique_ptr<AppendBatch> batch, std::int64_t deadline_ms) {
  Released released;
  {
    std::lock_guard lock(mutex_);
    if (passed(batch->wait_for, batch->end_offset)) {
      released.push_back(std::move(batch));
    } else {
      auto& queue = waiting_[batch->wait_for & ((1U << kMarks) - 1)];
      queue.push_back({std::move(batch), deadline_ms});
    }
  }
  finish(std::move(released));
}

void AckGate::collect_passed(Released& released) {
  for (std::size_t set = 1; set < waiting_.size(); ++set) {
    auto& queue = waiting_[set];
    while (!queue.empty() && passed(static_cast<std::uint8_t>(set), queue.front().batch->end_offset)) {
      released.push_back(std::move(queue.front().batch));
      queue.pop_front();
    }
  }
}

void AckGate::raise(WaitFor which, std::int64_t offset, Released& released) {
  auto& mark = marks_[index_of(which)];
  if (mark.load(std::memory_order_relaxed) >= offset) return;
  mark.store(offset, std::memory_order_release);
  collect_passed(released);
}

void AckGate::advance_flushed(std::int64_t offset) {
  Released released;
  {
    std::lock_guard lock(mutex_);
    raise(kWaitFlush, offset, released);
  }
  finish(std::move(released));
}

void AckGate::advance_replicas(std::uint64_t epoch, std::int64_t offset) {
  Released released;
  {
    std::lock_guard lock(mutex_);
    if (!in_term_ || epoch != epoch_) return;
    raise(kWaitReplicas, offset, released);
  }
  finish(std::move(released));
}

void AckGate::reset_flushed(std::int64_t offset) {
  std::lock_guard lock(mutex_);
  marks_[index_of(kWaitFlush)].store(offset, std::memory_order_release);
}

void AckGate::set_offered(WaitFor which, bool offered) {
  if (offered) {
    offered_.fetch_or(which, std::memory_order_relaxed);
  } else {
    offered_.fetch_and(static_cast<std::uint8_t>(~which), std::memory_order_relaxed);
  }
}

void AckGate::begin_term(std::uint64_t epoch, std::int64_t lease_until_ms) {
  std::lock_guard lock(mutex_);
  in_term_ = true;
  epoch_ = epoch;
  marks_[index_of(kWaitReplicas)].store(-1, std::memory_order_release);
  lease_until_.store(lease_until_ms, std::memory_order_release);
}

void AckGate::end_term() {
  std::lock_guard lock(mutex_);
  in_term_ = false;
  lease_until_.store(INT64_MIN, std::memory_order_release);
}

void AckGate::set_lease(std::int64_t until_ms) {
  std::lock_guard lock(mutex_);
  if (in_term_) lease_until_.store(until_ms, std::memory_order_release);
}

std::size_t AckGate::expire(std::int64_t now_ms) {
  Released released;
  {
    std::lock_guard lock(mutex_);
    for (std::size_t set = 1; set < waiting_.size(); ++set) {
      auto& queue = waiting_[set];
      while (!queue.empty() && queue.front().deadline_ms <= now_ms) {
        auto& batch = queue.front().batch;
        const bool on_disk = (set & kWaitFlush) == 0 || passed(kWaitFlush, batch->end_offset);
        batch->status = on_disk ? AppendStatus::kReplicaTimeout : AppendStatus::kFlushTimeout;
        released.push_back(std::move(batch));
        queue.pop_front();
      }
    }
  }
  const auto count = released.size();
  finish(std::move(released));
  return count;
}

void AckGate::fail_all(AppendStatus status) {
  Released released;
  {
    std::lock_guard lock(mutex_);
    for (auto& queue : waiting_) {
      for (auto& waiter : queue) {
        waiter.batch->status = status;
        released.push_back(std::move(waiter.batch));
      }
      queue.clear();
    }
  }
  finish(std::move(released));
}

bool AckGate::anything_waits_for(WaitFor which) const {
  std::lock_guard lock(mutex_);
  for (std::size_t set = 1; set < waiting_.size(); ++set) {
    if ((set & which) != 0 && !waiting_[set].empty()) return true;
  }
  return false;
}

}  // namespace rmq::store
