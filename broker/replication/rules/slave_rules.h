// A slave's rules (docs/replication.md, "A slave's rules"): whom it may follow, where its log is cut, which bytes it
// takes, what it may acknowledge, and the promise that fences older masters.
//
// Pure: no I/O, no clock, not thread-safe (the owner locks). "Persist" in a result means: store durable() (file synced)
// before acting on it, then call persisted(). One object a process; masters come and go.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "broker/replication/rules/epochs.h"

namespace rmq::replication {

// What a replica must not forget. Both only rise.
struct FollowState {
  std::int32_t accepted_epoch = 0;  // greatest epoch followed (or led)
  std::int32_t promised_epoch = 0;  // acknowledges no epoch below this
  bool operator==(const FollowState&) const = default;
};

enum class FollowVerdict {
  kFollow,        // connect, or stay connected
  kPersistFirst,  // persist durable(), then follow
  kStale,         // an older master: do not follow; close a connection to it
};

enum class FenceVerdict {
  kPromised,      // answer with the position
  kPersistFirst,  // persist durable(), then answer
  kRefused,       // this epoch was decided already, or a greater one promised: the position must not count for it
};

// What a handshake with a master leads to. Two steps, the first on disk before the second: cut the log so that no
// restart brings the tail back (issue 10666); store `epochs`. A crash in between leaves a list that is right for what
// the log still holds (mend_at_start). The other way round, a tail would pass for an older epoch's, and could win
// elections.
struct TruncationPlan {
  std::int64_t truncate_to = 0;  // the log's end afterwards; equal to the own end: nothing to cut
  // Nothing in common (or a log without epochs): the whole log goes, and the replica starts as if new.
  bool wipe = false;
  EpochList epochs;
};

struct BatchHeader {
  std::int32_t epoch = 0;
  std::int64_t epoch_start = 0;
  std::int64_t offset = 0;  // of the first byte of the body
  std::int64_t size = 0;    // 0: only news of the confirm offset
  std::int64_t confirm = 0;
};

enum class BatchVerdict {
  kAccept,            // append the body
  kAppendEpochFirst,  // append new_epoch to the epoch file (synced), then the body
  kClose,             // not a continuation of this log: close and shake hands again
};

struct BatchDecision {
  BatchVerdict verdict = BatchVerdict::kClose;
  EpochEntry new_epoch;     // with kAppendEpochFirst
  std::string_view reason;  // with kClose; static text
};

class SlaveRules {
 public:
  explicit SlaveRules(FollowState durable) : stored_(durable), wanted_(durable) {}

  // ---- Whom to follow
  // A master of this epoch is named (by the Controller or in its own handshake).
  FollowVerdict follow(std::int32_t epoch);
  // A position was asked for with this fenceEpoch. Unless refused: close HA connections to (and as) masters of older
  // epochs before answering.
  FenceVerdict fence(std::int32_t fence_epoch);
  const FollowState& durable() const { return wanted_; }
  void persisted(const FollowState& stored);
  // May a connection to a master of this epoch acknowledge, or echo pings? Only what is stored counts.
  bool may_acknowledge(std::int32_t epoch) const;

  // ---- Handshake: where the logs part. `master_end`: the master's log end in its handshake.
  static TruncationPlan plan_truncation(const EpochList& mine, std::int64_t my_end, const EpochList& master,
                                        std::int64_t master_end);
  // At start: the epoch file may be older or newer than the log (a crash amid a truncation or an append). Entries that
  // start beyond the log's end go.
  static EpochList mend_at_start(EpochList stored, std::int64_t log_end);

  // ---- Transfer. `my_end`: the own log's end; `epochs`: the own list as stored. An empty log without epochs may start
  // at any offset.
  static BatchDecision on_batch(const BatchHeader& header, std::int64_t my_end, const EpochList& epochs);
  // After an append: the epoch of the master's list (from the handshake) that starts right at the own end. It must be
  // in the epoch file (synced) before `my_end` is acknowledged: an epoch without records counts in elections too.
  static std::optional<EpochEntry> due_epoch(const EpochList& master, const EpochList& epochs, std::int64_t my_end);
  // The confirm offset that a master's header gives this replica. Never beyond its own end.
  static std::int64_t confirm(std::int64_t master_confirm, std::int64_t my_end);

 private:
  FollowState stored_;
  FollowState wanted_;
};

}  // namespace rmq::replication
