// A shared secret between brokers of ours (haSharedSecret), opt-in: each side proves that it knows it before anything
// of the HA protocols is said. It keeps strangers out, no more: what follows is neither encrypted nor signed.
//
//   slave  -> master  "RMQG", 32 random bytes s
//   master -> slave   32 random bytes m, HMAC-SHA256(secret, "master" s m)
//   slave  -> master  HMAC-SHA256(secret, "slave" s m), and whatever the protocol says first
//
// Each wraps what speaks the protocol afterwards and is used like it.
#pragma once

#include <memory>
#include <string>

#include "broker/replication/ha/follower.h"
#include "broker/replication/ha/link.h"

namespace rmq::replication {

class GuardedFeed final : public Feed {
 public:
  GuardedFeed(std::unique_ptr<Feed> inner, std::string secret, std::int64_t limit_ms, const Clock& clock);

  Status on_bytes(std::string_view& bytes) override;
  Status next(std::string& head, store::LogSlice& body) override;
  void on_sent(std::uint64_t bytes) override { inner_->on_sent(bytes); }
  std::int64_t wake_at() const override { return known_ ? inner_->wake_at() : INT64_MAX; }
  std::int64_t silence_ends(std::int64_t last_read_ms) const override {
    return known_ ? inner_->silence_ends(last_read_ms) : deadline_ms_;
  }
  void on_closed() override { inner_->on_closed(); }

 private:
  const std::unique_ptr<Feed> inner_;
  const std::string secret_;
  const std::int64_t deadline_ms_;  // for the proof
  std::string answer_;              // to be sent
  std::string expected_;            // the slave's proof; empty before its first word
  bool known_ = false;
};

class GuardedFollow final : public Follow {
 public:
  GuardedFollow(std::unique_ptr<Follow> inner, std::string secret)
      : inner_(std::move(inner)), secret_(std::move(secret)) {}

  Status on_connected(std::string& out) override;
  Status on_bytes(std::string_view& bytes, std::string& out) override;
  Status acknowledge(bool heartbeat, std::string& out) override {
    return known_ ? inner_->acknowledge(heartbeat, out) : Status();
  }
  void on_closed() override { inner_->on_closed(); }
  void fill(ReplicationStatus& status) const override { inner_->fill(status); }

 private:
  const std::unique_ptr<Follow> inner_;
  const std::string secret_;
  std::string nonce_;
  bool known_ = false;
};

}  // namespace rmq::replication
