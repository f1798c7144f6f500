#include "broker/journal/journal_applier.h"

#include <algorithm>

#include "common/base/log.h"

namespace rmq::broker {
namespace {

constexpr std::uint64_t kSnapshotShare = 20;  // snapshots make at most one in so many bytes of the log

}  // namespace

void JournalApplier::locate() {
  std::lock_guard lock(mutex_);
  locate_locked();
}

void JournalApplier::locate_locked() {
  const auto begin = queue_.begin();
  const auto end = queue_.end();
  bool rebuild = false;
  for (auto& [name, slot] : slots_) {
    const auto position = slot.table->position();
    slot.stale = false;
    slot.next = position.value_or(end);  // without a position: newer than all that is in the journal
    if (position && end > 0 && (*position < begin || *position > end)) rebuild = true;
    if (position && *position < 0 && end == 0) slot.next = 0;
    if (position && *position > end && end == 0) rebuild = true;
  }
  reader_.reset();
  if (rebuild) {
    const auto snapshot = queue_.find_snapshot();
    log::info("broker state is built again", {{"begin", begin}, {"end", end}, {"snapshot", snapshot.value_or(-1)}});
    for (auto& [name, slot] : slots_) {
      if (slot.next >= begin && slot.next <= end) continue;
      slot.next = snapshot.value_or(begin);
      slot.stale = !snapshot && begin > 0;
    }
  }
  next_ = end;
  for (const auto& [name, slot] : slots_) next_ = std::min(next_, std::max<std::int64_t>(slot.next, 0));
  applied_.store(next_, std::memory_order_release);
  read_to_.store(next_, std::memory_order_release);
}

void JournalApplier::follow(const std::string& own, const OnOwn& on_own) {
  std::lock_guard lock(mutex_);
  if (paused_) return;
  // Cut without a word, or begun anew beyond what is known: positions in the tables tell what to do.
  if (queue_.end() < next_ || queue_.begin() > next_) locate_locked();
  while (true) {
    std::int64_t next = next_;
    const auto status = queue_.read(next_, next, [&](std::int64_t offset, std::string_view body) {
      auto entry = reader_.feed(offset, body);
      if (!entry) {
        complain("an entry of the journal cannot be applied", offset, entry.error());
      } else if (*entry) {
        const bool is_own = !own.empty() && (*entry)->writer == own;
        apply(**entry, is_own);
        applied_.store((*entry)->end, std::memory_order_release);
        if (is_own && on_own) on_own(**entry);
      }
      return true;
    });
    if (!status) {
      complain("a record of the journal is passed over", next, status.error());
      reader_.reset();
      ++next;
    }
    const bool moved = next != next_;
    next_ = next;
    if (moved) mark(reader_.resume_at(next_));
    read_to_.store(next_, std::memory_order_release);
    if (status) return;
  }
}

void JournalApplier::mark(std::int64_t position) {
  for (auto& [name, slot] : slots_) {
    if (slot.next < position) slot.next = position;
    if (slot.stale || !slot.table->position()) continue;
    slot.table->mark(slot.next);
  }
  applied_.store(position, std::memory_order_release);
}

void JournalApplier::apply(const JournalEntry& entry, bool own) {
  for (const auto& section : entry.sections) {
    const auto found = slots_.find(section.table);
    if (found == slots_.end()) {
      if (unknown_.insert(section.table).second) {
        complain("the journal has a table that is not known here", entry.begin,
                 Error{ErrorKind::kUnsupported, section.table});
      }
      continue;
    }
    if (entry.end <= found->second.next) continue;
    if (auto status = apply_section(found->second, entry, section, own); !status) {
      complain("an entry of the journal cannot be applied", entry.begin, status.error());
    }
  }
  if (entry.kind == JournalKind::kSnapshot) note_snapshot(entry);
}

Status JournalApplier::apply_section(Slot& slot, const JournalEntry& entry, const JournalSection& section,
                                     bool own) const {
  if (entry.kind == JournalKind::kSnapshot) {
    if (own) {
      slot.table->mark(entry.end);
    } else if (auto status = slot.table->replace(section.payload, entry.end); !status) {
      return status;
    }
    slot.stale = false;
  } else if (!own || !slot.table->goes_ahead()) {
    RMQ_CHECK_OK(slot.table->apply(section.payload, entry.end));
    if (slot.stale) slot.table->mark(kJournalStale);
  }
  slot.next = entry.end;
  return {};
}

void JournalApplier::note_snapshot(const JournalEntry& entry) {
  std::uint64_t size = 0;
  for (const auto& section : entry.sections) size += section.payload.size();
  const auto end = queue_.log_end(entry.end);
  last_snapshot_.store(entry.begin, std::memory_order_release);
  snapshot_due_.store(std::max(queue_.next_file(end), end + kSnapshotShare * size), std::memory_order_release);
}

JournalEntry JournalApplier::encode_snapshot() const {
  std::lock_guard lock(mutex_);
  JournalEntry entry;
  entry.kind = JournalKind::kSnapshot;
  for (const auto& [name, slot] : slots_) entry.sections.push_back({name, slot.table->encode_all()});
  return entry;
}

Status JournalApplier::before_cut(std::uint64_t log_end) {
  std::lock_guard lock(mutex_);
  paused_ = true;
  if (next_ == 0) return {};
  const auto applied = queue_.log_end(next_);
  if (applied != 0 && applied <= log_end) return {};
  for (auto& [name, slot] : slots_) {
    if (slot.table->position()) slot.table->mark(kJournalStale);
  }
  auto status = checkpointer_.flush_all_and_wait();
  if (!status) paused_ = false;
  return status;
}

void JournalApplier::after_cut() {
  std::lock_guard lock(mutex_);
  paused_ = false;
  locate_locked();
}

void JournalApplier::complain(std::string_view what, std::int64_t offset, const Error& error) {
  log::error(what, {{"offset", offset}, {"error", error}});
  std::lock_guard lock(health_mutex_);
  health_ = fail(Error(error).with(what));
}

Status JournalApplier::health() const {
  std::lock_guard lock(health_mutex_);
  return health_;
}

}  // namespace rmq::broker
