// What a slave does with its master's words in the epochs' protocol (wire/autoswitch.h): cuts its log where it parts
// from the master's, takes what follows, and acknowledges what it has stored.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "broker/replication/epoch/epoch_file.h"
#include "broker/replication/epoch/promises.h"
#include "broker/replication/ha/follower.h"
#include "broker/replication/wire/autoswitch.h"
#include "broker/store/message_store.h"

namespace rmq::replication {

class EpochFollow final : public Follow {
 public:
  // The store is a replica.
  EpochFollow(store::MessageStore& store, EpochStore& epochs, Promises& promises, const ReplicationOptions& options,
              const Clock& clock, const SlaveTerm& term);

  Status on_connected(std::string& out) override;
  Status on_bytes(std::string_view& bytes, std::string& out) override;
  Status acknowledge(bool heartbeat, std::string& out) override;
  void on_closed() override;

  void fill(ReplicationStatus& status) const override;

 private:
  Status on_hello(const MasterHello& hello);
  Status cut(const TruncationPlan& plan);
  Status wipe(std::string_view why);
  Status on_header(const TransferHeader& header, std::string& out);
  Status on_batch(TransferHeader header);
  void take_confirm();
  std::int64_t stored_end() const { return static_cast<std::int64_t>(store_.log().max_offset()); }
  void note_progress();

  store::MessageStore& store_;
  EpochStore& epochs_;
  Promises& promises_;
  const ReplicationOptions& options_;
  const Clock& clock_;
  const SlaveTerm term_;

  // Of the present connection.
  std::int32_t epoch_ = 0;  // under which we acknowledge
  bool greeted_ = false;
  bool ours_ = false;  // the master
  bool first_batch_ = true;
  EpochList master_epochs_;
  std::int64_t position_ = 0;  // where the next byte of a body belongs
  std::int64_t body_left_ = 0;
  std::int64_t confirm_ = 0;  // the master's
  std::int64_t acknowledged_ = -1;

  std::atomic<bool> connected_{false};
  std::atomic<std::int64_t> master_end_{0};
  std::atomic<std::int64_t> complete_ms_;  // when it last had all that it knew of
};

}  // namespace rmq::replication
