// The epoch file ("epochFileCheckpoint"): which mastership wrote which part of the log. Text as the original's
// CheckpointFile and EpochFileCache (5.5.0) have it, so that either program starts on the other's files:
//
//   2                 entries
//   773307083         CRC-32 of what follows, sign bit cleared; 0: not checked
//   7-7000            epoch-start
//   8-8000
//
// `path.bak` holds the former content and is read when the file is missing, empty or damaged.
#pragma once

#include <mutex>
#include <string>
#include <string_view>

#include "broker/replication/rules/epochs.h"
#include "common/base/result.h"

namespace rmq::replication {

std::string format_epochs(const EpochList& epochs);
// kInvalid: damaged, or not a list of rising epochs.
Result<EpochList> parse_epochs(std::string_view text);

// The list in memory and in the file; the former never runs ahead of the latter. Thread-safe; changes block for a sync.
class EpochStore {
 public:
  explicit EpochStore(std::string path) : path_(std::move(path)) {}

  // Reads the file, without what the log (which ends at `log_end`) does not hold. No file: an empty list. A damaged
  // file without a good backup counts as none, with an error logged: the replica is then rebuilt by its master.
  Status load(std::int64_t log_end);

  EpochList list() const;
  std::int32_t last_epoch() const;

  // Durable when they return. An error: nothing changed.
  Status append(EpochEntry entry);  // kConflict: see EpochList::append()
  Status replace(const EpochList& epochs);
  // For a log whose files before `min_offset` are gone; quick when nothing is to be done.
  Status truncate_prefix(std::int64_t min_offset);

 private:
  Status write(EpochList epochs);

  const std::string path_;
  mutable std::mutex mutex_;  // of list_; held briefly
  std::mutex write_mutex_;    // one change at a time
  EpochList list_;
};

}  // namespace rmq::replication
