// The broker's state in the log: the one mechanism by which topics, groups, offsets and later kinds of state reach the
// replicas. Rules: docs/replication.md, "State through the log"; bytes: journal_entry.h.
//
// The journal is a consumer of its own queue (kJournalTopic, queue 0). One thread follows the queue, on the master too,
// and applies what can be read, which is what is confirmed; the same thread is the only one that appends to it.
//
//   StateJournal journal(store, checkpointer, {.store_host = host});
//   journal.register_table(topics.journaled());    // after load(), for every table: changes go through the journal now
//   RMQ_CHECK_OK(journal.start());                  // a replica
//   journal.become_master(epoch, [] { /* changes are accepted */ });
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "broker/state/checkpointer.h"
#include "broker/state/journaled_table.h"
#include "broker/store/message_store.h"

namespace rmq::broker {

struct StateJournalOptions {
  std::string store_host;                          // of its records: ip and port bytes (4 + 4 or 16 + 4)
  std::chrono::milliseconds offset_interval{500};  // a failover loses offsets committed within it at most
  std::chrono::milliseconds change_limit{10'000};  // a change that is not confirmed by then fails (as unknown)
  std::size_t part_bytes = 512 * 1024;             // of one record's body; less where log files or messages are small
};

struct JournalPosition {
  std::int64_t applied = 0;         // queue offset up to which all tables are
  std::int64_t end = 0;             // of the queue, as far as it can be read
  std::int64_t last_snapshot = -1;  // queue offset where the newest complete one that was seen begins
  std::size_t changes_waiting = 0;  // not acknowledged yet
  bool master = false;
  bool accepting = false;
};

// Thread-safe, except that register_table() comes before start(). Must be destroyed before the store and the tables.
class StateJournal final : public JournalWriter {
 public:
  StateJournal(store::MessageStore& store, Checkpointer& checkpointer, StateJournalOptions options);
  ~StateJournal() override;  // stops
  StateJournal(const StateJournal&) = delete;
  StateJournal& operator=(const StateJournal&) = delete;

  void register_table(JournaledTable& table);  // and attaches it
  // Brings the tables up to what can be read of the queue (from their files' positions, or the newest snapshot) and
  // goes on as a replica. kIo, kCorrupt: the queue cannot be read.
  Status start();
  // As a master: journals what the tables are ahead, waits a moment for it. Outstanding changes fail. Idempotent.
  void stop();

  // --- Roles. None of them blocks.
  // Once everything that the log holds now is applied (often when this returns), changes are accepted, `ready` is
  // called (on the journal's thread; it must not block) and a snapshot of all tables is written. Call after the store
  // takes appends.
  void become_master(std::int32_t epoch, std::function<void()> ready = {});
  // Outstanding changes fail at once. Call flush() before, where the change of roles is orderly.
  void become_replica();
  // Waits until all that the tables are ahead is in the journal and confirmed. kUnavailable: not an accepting master.
  Status flush(std::chrono::milliseconds limit);

  // Before the log is cut at `log_end`, while nothing is dispatched: if what was applied lies behind that place, the
  // files are marked as stale, on the disk when this returns, and the tables are built again afterwards. On an error
  // the log must not be cut. Blocks.
  Status before_cut(std::uint64_t log_end);
  // After the log was cut, or replaced as a whole: follows the queue again from where it stands now.
  void after_cut();

  // --- For the store's ArrivalListener: quick, on the dispatcher's thread.
  void on_arrivals(std::span<const store::Arrival> arrivals) noexcept;
  bool in_a_hurry() const noexcept;  // somebody's answer waits for an arrival

  JournalPosition position() const;
  // An error while entries could not be applied (damaged, or of a newer version): for readiness.
  Status health() const;

  // --- JournalWriter
  bool accepts() const noexcept override;
  Status propose(JournaledTable& table, std::string payload, std::function<void(Status)> done) override;
  void touch(bool soon) noexcept override;

 private:
  class Core;  // outlives the journal while appended batches are on their way
  std::shared_ptr<Core> core_;
};

}  // namespace rmq::broker
