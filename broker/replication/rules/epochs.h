// Which mastership wrote which part of a log: entries {epoch, start}, an entry ends where the next one starts and the
// last one at the log's end (which the list does not know; it is passed in).
//
// Invariant: epochs and starts rise strictly. An epoch in which nothing was written is displaced by the next one.
// Pure value, not thread-safe. Source: EpochFileCache of release 5.5.0 (file lines "epoch-start"), docs/replication.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "broker/replication/rules/mistakes.h"
#include "common/base/result.h"

namespace rmq::replication {

struct EpochEntry {
  std::int32_t epoch = 0;
  std::int64_t start = 0;  // byte offset in the commit log
  bool operator==(const EpochEntry&) const = default;
};

class EpochList {
 public:
  // More masterships than any log has; a peer's list that claims more is hostile.
  static constexpr std::size_t kMaxEntries = 65536;

  EpochList() = default;
  // A list that came from a peer or a file: kInvalid unless it is strictly rising, not negative and bounded.
  static Result<EpochList> from_entries(std::vector<EpochEntry> entries);

  const std::vector<EpochEntry>& entries() const { return entries_; }
  bool empty() const { return entries_.empty(); }
  std::int32_t last_epoch() const { return entries_.empty() ? -1 : entries_.back().epoch; }
  std::optional<EpochEntry> last() const;
  std::optional<EpochEntry> find(std::int32_t epoch) const;
  // The entry that the byte at `offset` belongs to; none before the first entry's start.
  std::optional<EpochEntry> at_offset(std::int64_t offset) const;
  // Where the entry of `epoch` ends in a log that ends at `log_end`; none when there is no such entry.
  std::optional<std::int64_t> end_of(std::int32_t epoch, std::int64_t log_end) const;

  // A new mastership. False (nothing changed) unless its epoch is above the last one and its start not below the last
  // start; an equal start displaces the last entry, which is empty then.
  bool append(EpochEntry entry);
  // Drops entries that start at or beyond `offset`: for a log that was cut there.
  void truncate_suffix(std::int64_t offset);
  // Drops entries that end at or before `offset`: for a log whose oldest files are gone. The last one stays.
  void truncate_prefix(std::int64_t offset);

  bool operator==(const EpochList&) const = default;

 private:
  std::vector<EpochEntry> entries_;
};

// Up to where a slave's log agrees with its master's: the newest epoch that both have with the same start, up to where
// it ends first. None when they have no epoch in common. Never beyond either end.
std::optional<std::int64_t> agreement_point(const EpochList& slave, std::int64_t slave_end, const EpochList& master,
                                            std::int64_t master_end);

}  // namespace rmq::replication
