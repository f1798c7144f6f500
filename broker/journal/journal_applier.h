// Follows the journal's queue and brings the tables up to it. Knows nothing of roles.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "broker/journal/journal_queue.h"
#include "broker/state/checkpointer.h"
#include "broker/state/journaled_table.h"

namespace rmq::broker {

// Thread-safe, except that add() comes before everything else.
class JournalApplier {
 public:
  JournalApplier(const JournalQueue& queue, Checkpointer& checkpointer) : queue_(queue), checkpointer_(checkpointer) {}

  void add(JournaledTable& table) { slots_.emplace(table.name(), Slot{.table = &table}); }

  // Finds out where to start: the tables' positions, or a snapshot. Before the first follow().
  void locate();
  // Applies all that can be read. Entries of `own` writer are what this process wrote as the present master: its
  // snapshots and what went ahead are in the tables already. `on_own` is called for each, after it was applied.
  using OnOwn = std::function<void(const JournalEntry&)>;
  void follow(const std::string& own, const OnOwn& on_own);

  // StateJournal has the contracts. Between the two nothing is applied.
  Status before_cut(std::uint64_t log_end);
  void after_cut();

  // Everything before is applied.
  std::int64_t applied() const { return applied_.load(std::memory_order_acquire); }
  // Everything before was read; an entry whose writer died before its last part lies between the two.
  std::int64_t read_to() const { return read_to_.load(std::memory_order_acquire); }
  std::int64_t last_snapshot() const { return last_snapshot_.load(std::memory_order_acquire); }
  // The log offset from which on the next one is due: the next file, but no sooner than 20 times its size.
  std::uint64_t snapshot_due() const { return snapshot_due_.load(std::memory_order_acquire); }
  // The tables' content. Nothing is applied meanwhile.
  JournalEntry encode_snapshot() const;

  Status health() const;

 private:
  struct Slot {
    JournaledTable* table = nullptr;
    std::int64_t next = 0;  // entries that end here or before are in the table
    bool stale = false;     // something is missing before that; only a snapshot helps
  };

  void locate_locked();
  void apply(const JournalEntry& entry, bool own);
  Status apply_section(Slot& slot, const JournalEntry& entry, const JournalSection& section, bool own) const;
  void note_snapshot(const JournalEntry& entry);
  void mark(std::int64_t position);
  void complain(std::string_view what, std::int64_t offset, const Error& error);

  const JournalQueue& queue_;
  Checkpointer& checkpointer_;
  mutable std::mutex mutex_;  // held while entries are applied
  std::map<std::string, Slot, std::less<>> slots_;
  std::set<std::string, std::less<>> unknown_;  // tables of a newer version
  JournalReader reader_;
  std::int64_t next_ = 0;  // to read
  bool paused_ = false;
  std::atomic<std::int64_t> applied_{0};
  std::atomic<std::int64_t> read_to_{0};
  std::atomic<std::int64_t> last_snapshot_{-1};
  std::atomic<std::uint64_t> snapshot_due_{0};

  mutable std::mutex health_mutex_;
  Status health_;
};

}  // namespace rmq::broker
