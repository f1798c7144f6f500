// What a slave of fixed role does with its master's words (wire/classic.h): appends what continues its log, as the
// original does; nothing is ever cut.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "broker/replication/ha/follower.h"
#include "broker/store/message_store.h"

namespace rmq::replication {

class ClassicFollow final : public Follow {
 public:
  // The store is a replica.
  ClassicFollow(store::MessageStore& store, const ReplicationOptions& options, const Clock& clock)
      : store_(store), options_(options), clock_(clock), complete_ms_(clock.monotonic_ms()) {}

  Status on_connected(std::string& out) override;
  Status on_bytes(std::string_view& bytes, std::string& out) override;
  Status acknowledge(bool heartbeat, std::string& out) override;
  void on_closed() override;

  void fill(ReplicationStatus& status) const override;

 private:
  std::int64_t stored_end() const { return static_cast<std::int64_t>(store_.log().max_offset()); }

  store::MessageStore& store_;
  const ReplicationOptions& options_;
  const Clock& clock_;
  std::int64_t position_ = 0, body_left_ = 0, acknowledged_ = 0;
  std::atomic<bool> connected_{false};
  std::atomic<std::int64_t> master_end_{0};
  std::atomic<std::int64_t> complete_ms_;
};

}  // namespace rmq::replication
