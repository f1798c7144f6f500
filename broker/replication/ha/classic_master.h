// The mastership of fixed roles (brokerRole ASYNC_MASTER, SYNC_MASTER): no epochs, no sync set, no lease. A message of
// a synchronous master counts once enough slaves, whichever they are, have it; that, and no more, is what the original
// promises in this mode.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "broker/replication/ha/master.h"
#include "broker/replication/ha/rate.h"

namespace rmq::replication {

class ClassicFeed;

class ClassicMaster final : public Master {
 public:
  using Master::Master;
  ~ClassicMaster() override;

  void fill(ReplicationStatus& status) const override;

 private:
  friend class ClassicFeed;
  std::unique_ptr<Feed> make_feed(ConnectionToken token, const std::string& peer) override;
  std::int64_t tick(std::int64_t now) override { return now + 1'000; }
  void on_ack();
  void on_gone(ClassicFeed* feed);

  mutable std::mutex mutex_;
  std::set<ClassicFeed*> feeds_;
};

// What such a master says to one slave (wire/classic.h).
class ClassicFeed final : public Feed {
 public:
  ClassicFeed(ClassicMaster& owner, store::CommitLog& log, const ReplicationOptions& options, const Clock& clock,
              std::string peer);

  Status on_bytes(std::string_view& bytes) override;
  Status next(std::string& head, store::LogSlice& body) override;
  void on_sent(std::uint64_t bytes) override;
  std::int64_t wake_at() const override;
  std::int64_t silence_ends(std::int64_t last_read_ms) const override;
  void on_closed() override { owner_.on_gone(this); }

  // Any thread.
  const std::string& peer() const { return peer_; }
  std::int64_t reported() const { return reported_.load(std::memory_order_acquire); }
  // What counts: -1 until it answered something, since a first report could be anybody's junk (apache/rocketmq 3015).
  std::int64_t acknowledged() const { return counts_.load(std::memory_order_acquire) ? reported() : -1; }
  std::int64_t sent() const { return sent_.load(std::memory_order_relaxed); }
  std::int64_t bytes_per_second() const { return rate_.per_second(clock_.monotonic_ms()); }

 private:
  static constexpr std::int64_t kFirstLimitMs = 10'000;  // the original speaks at once when it has something, or in 5 s

  Status start_from(std::int64_t requested);

  ClassicMaster& owner_;
  store::CommitLog& log_;
  const ReplicationOptions& options_;
  const Clock& clock_;
  const std::string peer_;
  const std::int64_t started_ms_;
  bool started_ = false;
  std::int64_t position_ = 0;
  std::int64_t last_head_ms_ = 0;
  std::atomic<std::int64_t> reported_{-1}, sent_{-1};
  std::atomic<bool> counts_{false};
  RateMeter rate_;
};

}  // namespace rmq::replication
