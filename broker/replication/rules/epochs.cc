#include "broker/replication/rules/epochs.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace rmq::replication {

Result<EpochList> EpochList::from_entries(std::vector<EpochEntry> entries) {
  if (entries.size() > kMaxEntries) return fail(ErrorKind::kInvalid, "epoch list: too many entries");
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const EpochEntry& entry = entries[i];
    if (entry.epoch < 0 || entry.start < 0) return fail(ErrorKind::kInvalid, "epoch list: negative entry");
    if (i > 0 && (entry.epoch <= entries[i - 1].epoch || entry.start <= entries[i - 1].start)) {
      return fail(ErrorKind::kInvalid, "epoch list: entries do not rise");
    }
  }
  EpochList list;
  list.entries_ = std::move(entries);
  return list;
}

std::optional<EpochEntry> EpochList::last() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.back();
}

std::optional<EpochEntry> EpochList::find(std::int32_t epoch) const {
  const auto found = std::lower_bound(entries_.begin(), entries_.end(), epoch,
                                      [](const EpochEntry& entry, std::int32_t value) { return entry.epoch < value; });
  if (found == entries_.end() || found->epoch != epoch) return std::nullopt;
  return *found;
}

std::optional<EpochEntry> EpochList::at_offset(std::int64_t offset) const {
  const auto after = std::upper_bound(entries_.begin(), entries_.end(), offset,
                                      [](std::int64_t value, const EpochEntry& entry) { return value < entry.start; });
  if (after == entries_.begin()) return std::nullopt;
  return *std::prev(after);
}

std::optional<std::int64_t> EpochList::end_of(std::int32_t epoch, std::int64_t log_end) const {
  const auto after = std::upper_bound(entries_.begin(), entries_.end(), epoch,
                                      [](std::int32_t value, const EpochEntry& entry) { return value < entry.epoch; });
  if (after == entries_.begin() || std::prev(after)->epoch != epoch) return std::nullopt;
  return after == entries_.end() ? log_end : std::min(after->start, log_end);
}

bool EpochList::append(EpochEntry entry) {
  if (entry.epoch < 0 || entry.start < 0) return false;
  if (!entries_.empty()) {
    if (entry.epoch <= entries_.back().epoch || entry.start < entries_.back().start) return false;
    if (entry.start == entries_.back().start) entries_.pop_back();
  }
  entries_.push_back(entry);
  return true;
}

void EpochList::truncate_suffix(std::int64_t offset) {
  while (!entries_.empty() && entries_.back().start >= offset) entries_.pop_back();
}

void EpochList::truncate_prefix(std::int64_t offset) {
  std::size_t gone = 0;
  while (gone + 1 < entries_.size() && entries_[gone + 1].start <= offset) ++gone;
  entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(gone));
}

std::optional<std::int64_t> agreement_point(const EpochList& slave, std::int64_t slave_end, const EpochList& master,
                                            std::int64_t master_end) {
  const auto& entries = slave.entries();
  for (auto mine = entries.rbegin(); mine != entries.rend(); ++mine) {
    const auto theirs = master.find(mine->epoch);
    if (!theirs || theirs->start != mine->start) continue;
    const std::int64_t my_end = *slave.end_of(mine->epoch, slave_end);
    const std::int64_t their_end = *master.end_of(mine->epoch, master_end);
    return std::min(my_end, their_end);
  }
  return std::nullopt;
}

}  // namespace rmq::replication
