// What a kind of broker state (topics, groups, offsets, and later timers, POP, filters) gives to the journal, and what
// the journal gives to it. docs/replication.md, "State through the log".
//
// A table's content is a function of the journal up to its position. The position stands in the table's file as
// "rmqJournal" and must never run ahead of the content beside it; payloads carry values, not steps, so that applying
// some of them once more does no harm.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rmq::broker {

// The content cannot be said to be a beginning of the journal (no file yet, or what it was made of was cut off): it is
// built again from the newest snapshot, if there is one.
inline constexpr std::int64_t kJournalStale = -1;

class JournalWriter;

// Thread-safe. apply(), replace() and mark() are called on the journal's thread only, in the order of the journal.
class JournaledTable {
 public:
  virtual ~JournaledTable() = default;

  // Changes go through `journal` from now on. After the table was loaded, before its first change.
  virtual void attach(JournalWriter* journal) = 0;

  // Unique and for ever: it stands in the records.
  virtual std::string_view name() const = 0;

  // Offset of the first entry of the journal's queue that is not in the content; kJournalStale; or nothing: the content
  // came from elsewhere (a file that Java wrote, a Java master) and stands above the journal until its next snapshot.
  virtual std::optional<std::int64_t> position() const = 0;
  // Sets it. Cheap: called for every entry, also those of other tables.
  virtual void mark(std::int64_t position) = 0;

  // Everything, for a snapshot.
  virtual std::string encode_all() const = 0;
  // Takes a change that propose() or take_changes() made, here or on another replica. The position changes along with
  // the content, except that a table without one keeps none. An error leaves everything as it was.
  virtual Status apply(std::string_view payload, std::int64_t position) = 0;
  // Becomes what encode_all() gave on the master, and has a position from then on.
  virtual Status replace(std::string_view payload, std::int64_t position) = 0;

  // --- For tables whose content goes ahead of the journal on the master (offsets): they take changes at once and hand
  // them to the journal a little later. Their own changes do not come back to them by apply().
  virtual bool goes_ahead() const { return false; }
  // What changed since the last call; empty: nothing.
  virtual std::string take_changes() { return {}; }
  // Such changes were not stored: they must be taken again.
  virtual void return_changes(std::string_view /*payload*/) {}
};

// What a table sees of the journal. Thread-safe.
class JournalWriter {
 public:
  virtual ~JournalWriter() = default;

  // Whether this replica is master and knows all that the masters before it wrote. On others nothing may change.
  virtual bool accepts() const noexcept = 0;

  // Gives a change to the journal. Changes enter it in the order of the calls. On success `done` runs later, on a
  // thread of the journal's: with success once the change is acknowledged by the mode's rule and applied here, else
  // with an error, which means "unknown": it may be applied yet. Does not block and calls nothing back: may be called
  // under the table's lock. kUnavailable: not master, or not yet; kFull: too much waits.
  virtual Status propose(JournaledTable& table, std::string payload, std::function<void(Status)> done) = 0;

  // A table that goes ahead has changes to take; `soon`: without waiting for the interval.
  virtual void touch(bool soon) noexcept = 0;
};

}  // namespace rmq::broker
