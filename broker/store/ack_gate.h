// Holds finished appends until the log's watermarks (on disk, on the replicas) have passed them. One advance of a
// watermark lets go of all that it covers: that is group commit.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <vector>

#include "broker/store/append_batch.h"

namespace rmq::store {

// Thread-safe. Offsets are of the commit log. Listeners are called without the lock held.
class AckGate {
 public:
  ~AckGate();

  // Waits for the watermarks in `batch->wait_for` to reach batch->end_offset; at most until deadline_ms. Batches come
  // in the order of their end offsets, and of their deadlines among those with equal wait_for.
  void add(std::unique_ptr<AppendBatch> batch, std::int64_t deadline_ms);

  // Watermarks only rise; `which` is one of WaitFor.
  void advance(WaitFor which, std::int64_t offset);
  std::int64_t watermark(WaitFor which) const { return marks_[index_of(which)].load(std::memory_order_acquire); }
  // For a log that was cut: sets instead of raising.
  void reset(WaitFor which, std::int64_t offset);

  // Lets go of what waited too long, as kFlushTimeout or kReplicaTimeout. Returns how many.
  std::size_t expire(std::int64_t now_ms);
  // Lets go of everything with `status`.
  void fail_all(AppendStatus status);

  bool anything_waits_for(WaitFor which) const;

 private:
  static constexpr std::size_t kMarks = 2;
  static std::size_t index_of(WaitFor which) { return which == kWaitFlush ? 0 : 1; }

  struct Waiter {
    std::unique_ptr<AppendBatch> batch;
    std::int64_t deadline_ms;
  };
  using Released = std::vector<std::unique_ptr<AppendBatch>>;

  bool passed(std::uint8_t wait_for, std::int64_t offset) const;
  void collect_passed(Released& released);
  static void finish(Released released);

  mutable std::mutex mutex_;
  std::array<std::atomic<std::int64_t>, kMarks> marks_{};
  std::array<std::deque<Waiter>, 1U << kMarks> waiting_;  // by wait_for
};

}  // namespace rmq::store
