// What a master says to one slave in the epochs' protocol (wire/autoswitch.h): handshake, batches that never cross an
// epoch, heartbeats with the confirm offset, and pings to slaves of ours.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <string>

#include "broker/replication/ha/link.h"
#include "broker/replication/ha/rate.h"
#include "broker/replication/ha/types.h"
#include "broker/replication/rules/epochs.h"
#include "broker/replication/wire/autoswitch.h"

namespace rmq::replication {

// The mastership as a link needs it. Thread-safe.
class EpochLinkOwner {
 public:
  virtual ~EpochLinkOwner() = default;
  virtual Status admit(const SlaveHello& hello) const = 0;  // an error: the link is closed
  virtual MasterHello greeting(const SlaveHello& hello) const = 0;
  virtual void on_handshake(const SlaveHello& hello, ConnectionToken token) = 0;
  // An error (what it acknowledges cannot be, or another link of this id took its place): the link is closed.
  virtual Status on_ack(BrokerId id, ConnectionToken token, std::int64_t offset, std::int64_t sent_limit) = 0;
  virtual Status on_echo(BrokerId id, ConnectionToken token, std::int64_t sent_ms) = 0;
  virtual void on_gone(BrokerId id, ConnectionToken token) = 0;
  virtual std::int64_t confirmed() const = 0;
  virtual std::int64_t ping_interval_ms() const = 0;
};

class EpochFeed final : public Feed {
 public:
  EpochFeed(EpochLinkOwner& owner, store::CommitLog& log, const ReplicationOptions& options, const Clock& clock,
            ConnectionToken token);

  Status on_bytes(std::string_view& bytes) override;
  Status next(std::string& head, store::LogSlice& body) override;
  void on_sent(std::uint64_t bytes) override;
  std::int64_t wake_at() const override;
  std::int64_t silence_ends(std::int64_t last_read_ms) const override;
  void on_closed() override;

  // For the status; any thread.
  BrokerId id() const { return id_.load(std::memory_order_relaxed); }
  bool ours() const { return ours_.load(std::memory_order_relaxed); }
  std::int64_t sent() const { return sent_.load(std::memory_order_relaxed); }
  std::int64_t bytes_per_second() const { return rate_.per_second(clock_.monotonic_ms()); }

 private:
  enum class Phase { kHello, kGreet, kPosition, kTransfer };
  struct Ping {
    std::int64_t number, sent_ms;
  };
  static constexpr std::int64_t kHelloLimitMs = 5'000;
  static constexpr std::int64_t kConfirmNewsMs = 100;  // an idle slave hears of a higher confirm offset by then
  static constexpr std::size_t kMaxPings = 64;         // under way

  Status on_hello(const SlaveHello& hello);
  Status on_ack(const SlaveAck& ack);
  Status on_echo(std::int64_t number);
  Status start_from(std::int64_t requested);
  void put_header(std::string& head, std::int32_t state, std::int64_t offset, std::int32_t size);
  bool ping_due(std::int64_t now) const;
  std::int64_t head_due_at() const;

  EpochLinkOwner& owner_;
  store::CommitLog& log_;
  const ReplicationOptions& options_;
  const Clock& clock_;
  const ConnectionToken token_;
  const std::int64_t started_ms_;

  Phase phase_ = Phase::kHello;
  SlaveHello hello_;
  EpochList epochs_;
  std::int64_t position_ = 0;   // of the next batch
  std::int64_t news_sent_ = 0;  // the confirm offset it heard last
  std::int64_t last_head_ms_ = 0, last_ping_ms_ = 0;
  std::int64_t last_ping_ = 0;
  std::deque<Ping> pings_;
  std::atomic<BrokerId> id_{-1};
  std::atomic<bool> ours_{false};
  std::atomic<std::int64_t> sent_{-1};
  RateMeter rate_;
};

}  // namespace rmq::replication
