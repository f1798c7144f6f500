// What StateJournal is made of: roles, what waits, the thread. Kept apart because batches on their way into the log
// hold on to it.
#pragma once

#include <pthread.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "broker/journal/journal_applier.h"
#include "broker/journal/journal_queue.h"
#include "broker/journal/state_journal.h"

namespace rmq::broker {

class StateJournal::Core final : public store::AppendListener, public std::enable_shared_from_this<StateJournal::Core> {
 public:
  using Done = std::function<void(Status)>;
  using Time = std::chrono::steady_clock::time_point;

  Core(store::MessageStore& store, Checkpointer& checkpointer, StateJournalOptions options);

  void register_table(JournaledTable& table);
  Status start();
  void stop();
  void become_master(std::int32_t epoch, std::function<void()> ready);
  void become_replica();
  Status flush(std::chrono::milliseconds limit);
  Status propose(JournaledTable& table, std::string payload, Done done);
  void touch(bool soon);
  void on_arrivals(std::span<const store::Arrival> arrivals);
  JournalPosition position() const;

  void on_appended(std::unique_ptr<store::AppendBatch> batch) noexcept override;

  JournalApplier& applier() { return applier_; }
  bool accepts() const { return accepts_.load(std::memory_order_acquire); }
  bool in_a_hurry() const { return hurry_.load(std::memory_order_relaxed); }
  void poke();

 private:
  enum class Role : std::uint8_t { kReplica, kCatchingUp, kMaster };

  struct Waiting {  // given by a table, not appended yet
    JournaledTable* table;
    std::string payload;
    Done done;
    Time deadline;
  };
  struct Taken {  // from a table that goes ahead
    JournaledTable* table;
    std::string payload;
  };
  struct Flying {  // appended, not acknowledged and applied yet
    Done done;
    std::vector<Taken> taken;
    bool snapshot = false;
    bool stored = false;
    bool applied = false;
    Time deadline;
  };
  struct Completed {
    std::string writer;
    std::vector<std::int64_t> numbers;
    store::AppendStatus status;
  };
  struct Batch final : store::AppendBatch {
    std::shared_ptr<Core> core;
    std::string writer;
    std::vector<std::int64_t> numbers;
  };
  using Finished = std::vector<std::pair<Done, Status>>;

  void run();
  void settle(Finished& finished);  // with the lock held, like those below
  void accept_if_complete();
  void finish(std::map<std::int64_t, Flying>::iterator flying, Status status, Finished& finished);
  Finished fail_all(const std::string& why);
  Time next_deadline() const;
  bool snapshot_wanted() const;
  bool snapshot_due() const;  // and may be tried
  // These give up the lock while they encode and append. True: something was done.
  bool write_snapshot(std::unique_lock<std::mutex>& lock);
  bool write_changes(std::unique_lock<std::mutex>& lock);
  bool write_ahead(std::unique_lock<std::mutex>& lock);
  // Takes what is in the entries.
  void append(std::unique_lock<std::mutex>& lock, std::vector<std::pair<JournalEntry, Flying>>& entries);

  const StateJournalOptions options_;
  JournalQueue queue_;
  JournalApplier applier_;
  std::vector<JournaledTable*> ahead_tables_;

  std::atomic<bool> accepts_{false};
  std::atomic<bool> hurry_{false};
  std::atomic<bool> wants_arrivals_{false};  // catching up
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool poked_ = false;
  bool started_ = false;
  bool stopping_ = false;
  Role role_ = Role::kReplica;
  std::string writer_;  // of this mastership; empty: not master
  std::uint64_t masterships_ = 0;
  std::uint64_t catch_up_to_ = 0;  // of the log
  std::function<void()> ready_;
  std::deque<Waiting> waiting_;
  std::size_t waiting_bytes_ = 0;
  std::map<std::int64_t, Flying> flying_;  // by number
  std::vector<Completed> completed_;
  std::int64_t last_number_ = 0;
  std::size_t batches_out_ = 0;
  bool first_snapshot_ = false;  // of this mastership, still to be written
  bool snapshot_flies_ = false;
  Time snapshot_not_before_;
  bool ahead_ = false;
  bool ahead_flies_ = false;
  Time ahead_due_;
  std::vector<Done> flushes_;  // wait for what is ahead
  std::thread thread_;
};

}  // namespace rmq::broker
