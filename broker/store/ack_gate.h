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
#include "common/base/clock.h"

namespace rmq::store {

// A mastership is a *term*, known by its epoch: acknowledgements of replicas count only for the term they belong to,
// and nothing is acknowledged once the term's lease has ended (docs/replication.md, rules 2 and 5 of a master).
// Thread-safe. Offsets are of the commit log. Listeners are called without the lock held.
class AckGate {
 public:
  explicit AckGate(const Clock& clock) : clock_(clock) {}
  ~AckGate();

  // --- What has to be waited for: what a batch asks for beyond that is ignored. A set of WaitFor.
  void set_offered(WaitFor which, bool offered);
  std::uint8_t offered() const { return offered_.load(std::memory_order_relaxed); }

  // Waits for the watermarks in `batch->wait_for` to reach batch->end_offset; at most until deadline_ms. Batches come
  // in the order of their end offsets, and of their deadlines among those with equal wait_for.
  void add(std::unique_ptr<AppendBatch> batch, std::int64_t deadline_ms);

  // --- Watermarks only rise.
  // Bytes below `offset` are on our disk.
  void advance_flushed(std::int64_t offset);
  // Bytes below `offset` have as many copies as the mode asks for. Ignored unless the term `epoch` is under way: what a
  // former mastership still reports acknowledges nothing.
  void advance_replicas(std::uint64_t epoch, std::int64_t offset);
  std::int64_t watermark(WaitFor which) const { return marks_[index_of(which)].load(std::memory_order_acquire); }
  // For a log that was cut: sets instead of raising.
  void reset_flushed(std::int64_t offset);

  // --- Terms and leases; times of Clock::monotonic_ms(). A gate starts in term 0 with a lease without end.
  // Nothing counts as copied at first.
  void begin_term(std::uint64_t epoch, std::int64_t lease_until_ms);
  // Ends the lease at once, and for good until the next term.
  void end_term();
  // Ignored between terms.
  void set_lease(std::int64_t until_ms);
  // Looked at when a batch is finished: without a lease it is answered as kReplicaTimeout, "unknown".
  bool lease_lasts(std::int64_t now_ms) const { return now_ms < lease_until_.load(std::memory_order_acquire); }

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
  void raise(WaitFor which, std::int64_t offset, Released& released);
  void finish(Released released);

  const Clock& clock_;
  std::atomic<std::uint8_t> offered_{kWaitNothing};
  std::atomic<std::int64_t> lease_until_{INT64_MAX};
  mutable std::mutex mutex_;
  bool in_term_ = true;
  std::uint64_t epoch_ = 0;
  std::array<std::atomic<std::int64_t>, kMarks> marks_{};
  std::array<std::deque<Waiter>, 1U << kMarks> waiting_;  // by wait_for
};

}  // namespace rmq::store
