// How the journal's thread appends, and how what it appended comes to its end.
#include <algorithm>

#include "broker/journal/journal_core.h"
#include "common/base/log.h"

namespace rmq::broker {
namespace {

using std::chrono::steady_clock;
using store::AppendStatus;

constexpr std::size_t kBatchBytes = 8UL << 20;
constexpr std::chrono::milliseconds kRetry{1'000};  // after the store refused
constexpr std::chrono::hours kSnapshotLimit{1};     // nobody's answer waits for it

bool is_stored(AppendStatus status) {
  return status == AppendStatus::kOk || status == AppendStatus::kFlushTimeout ||
         status == AppendStatus::kReplicaTimeout;
}

Error error_of(AppendStatus status) {
  switch (status) {
    case AppendStatus::kFlushTimeout:
    case AppendStatus::kReplicaTimeout: return {ErrorKind::kTimeout, "the change is not confirmed yet"};
    case AppendStatus::kDiskFull: return {ErrorKind::kFull, "the disk is full"};
    case AppendStatus::kTooLarge: return {ErrorKind::kInvalid, "the change is too large"};
    case AppendStatus::kBusy: return {ErrorKind::kUnavailable, "the store is busy"};
    case AppendStatus::kNotMaster: return {ErrorKind::kUnavailable, "this broker is not the master"};
    case AppendStatus::kFewReplicas: return {ErrorKind::kUnavailable, "too few replicas are in sync"};
    case AppendStatus::kClosed: return {ErrorKind::kUnavailable, "the store takes no messages"};
    default: return {ErrorKind::kIo, "the disk failed"};
  }
}

}  // namespace

void StateJournal::Core::finish(std::map<std::int64_t, Flying>::iterator flying, Status status, Finished& finished) {
  if (flying->second.snapshot) snapshot_flies_ = false;
  if (!flying->second.taken.empty()) ahead_flies_ = false;
  if (flying->second.done) finished.emplace_back(std::move(flying->second.done), std::move(status));
  flying_.erase(flying);
}

void StateJournal::Core::settle(Finished& finished) {
  auto completed = std::move(completed_);
  completed_.clear();
  for (const auto& batch : completed) {
    if (batch.writer != writer_) continue;
    for (const auto number : batch.numbers) {
      auto found = flying_.find(number);
      if (found == flying_.end()) continue;
      if (batch.status == AppendStatus::kOk) {
        found->second.stored = true;
        continue;
      }
      if (!is_stored(batch.status)) {
        for (auto& taken : found->second.taken) {
          // Touches this journal again, whose lock is held: by a detour.
          finished.emplace_back([table = taken.table,
                                 payload = std::move(taken.payload)](const Status&) { table->return_changes(payload); },
                                Status{});
        }
        if (found->second.snapshot) {
          first_snapshot_ = true;
          snapshot_not_before_ = steady_clock::now() + kRetry;
        }
      }
      finish(found, fail(error_of(batch.status)), finished);
    }
  }
  const auto now = steady_clock::now();
  for (auto at = flying_.begin(); at != flying_.end();) {
    const auto current = at++;
    if (current->second.stored && current->second.applied) {
      finish(current, {}, finished);
    } else if (current->second.deadline <= now) {
      finish(current, fail(error_of(AppendStatus::kReplicaTimeout)), finished);
    }
  }
  // Those that a snapshot holds up, which in turn waits for replicas.
  for (; !waiting_.empty() && waiting_.front().deadline <= now; waiting_.pop_front()) {
    waiting_bytes_ -= waiting_.front().payload.size();
    finished.emplace_back(std::move(waiting_.front().done), fail(error_of(AppendStatus::kReplicaTimeout)));
  }
  hurry_ = !waiting_.empty() || !flying_.empty();
}

bool StateJournal::Core::snapshot_wanted() const {
  if (role_ != Role::kMaster || snapshot_flies_) return false;
  return first_snapshot_ || queue_.log_max() >= applier_.snapshot_due();
}

bool StateJournal::Core::snapshot_due() const {
  return snapshot_wanted() && snapshot_not_before_ <= steady_clock::now();
}

bool StateJournal::Core::write_snapshot(std::unique_lock<std::mutex>& lock) {
  // The tables must hold exactly what stands before the snapshot in the queue.
  if (!flying_.empty() || batches_out_ > 0 || applier_.read_to() != queue_.appended()) return false;
  const auto writer = writer_;
  first_snapshot_ = false;
  snapshot_flies_ = true;
  lock.unlock();
  auto entry = applier_.encode_snapshot();
  lock.lock();
  if (writer_ != writer) return true;  // another role by now
  std::vector<std::pair<JournalEntry, Flying>> entries;
  entries.emplace_back(std::move(entry), Flying{.done = {}, .taken = {}, .snapshot = true});
  append(lock, entries);
  return true;
}

bool StateJournal::Core::write_changes(std::unique_lock<std::mutex>& lock) {
  if (role_ != Role::kMaster || waiting_.empty()) return false;
  std::vector<std::pair<JournalEntry, Flying>> entries;
  std::size_t bytes = 0;
  while (!waiting_.empty() && bytes < kBatchBytes) {
    auto& change = waiting_.front();
    bytes += change.payload.size();
    waiting_bytes_ -= change.payload.size();
    JournalEntry entry;
    entry.sections.push_back({std::string(change.table->name()), std::move(change.payload)});
    entries.emplace_back(std::move(entry),
                         Flying{.done = std::move(change.done), .taken = {}, .deadline = change.deadline});
    waiting_.pop_front();
  }
  append(lock, entries);
  return true;
}

bool StateJournal::Core::write_ahead(std::unique_lock<std::mutex>& lock) {
  if (role_ != Role::kMaster || ahead_flies_) return false;
  if (flushes_.empty() && (!ahead_ || ahead_due_ > steady_clock::now())) return false;
  ahead_ = false;
  const auto writer = writer_;
  lock.unlock();
  JournalEntry entry;
  Flying flying;
  for (auto* table : ahead_tables_) {
    auto payload = table->take_changes();
    if (payload.empty()) continue;
    entry.sections.push_back({std::string(table->name()), payload});
    flying.taken.push_back({table, std::move(payload)});
  }
  lock.lock();
  auto flushes = std::move(flushes_);
  flushes_.clear();
  flying.done = [flushes = std::move(flushes)](const Status& status) {
    for (const auto& flush : flushes) flush(status);
  };
  if (entry.sections.empty() || writer_ != writer) {
    const Status status = writer_ == writer ? Status{} : Status(fail(error_of(AppendStatus::kClosed)));
    lock.unlock();
    flying.done(status);
    lock.lock();
    return false;
  }
  ahead_flies_ = true;
  std::vector<std::pair<JournalEntry, Flying>> entries;
  entries.emplace_back(std::move(entry), std::move(flying));
  append(lock, entries);
  return true;
}

// All records of the entries go into the log one after the other: nobody else appends to the queue. They are several
// batches where they are large; an entry is acknowledged with its last.
void StateJournal::Core::append(std::unique_lock<std::mutex>& lock,
                                std::vector<std::pair<JournalEntry, Flying>>& entries) {
  const auto now = steady_clock::now();
  std::vector<JournalEntry> numbered;
  for (auto& [entry, flying] : entries) {
    entry.writer = writer_;
    entry.number = ++last_number_;
    entry.snapshot = applier_.last_snapshot();
    if (flying.snapshot) flying.deadline = now + kSnapshotLimit;
    if (flying.deadline == Time{}) flying.deadline = now + options_.change_limit;
    flying_.emplace(entry.number, std::move(flying));
    numbered.push_back(std::move(entry));
  }
  const auto writer = writer_;
  lock.unlock();
  const auto new_batch = [&] {
    auto batch = std::make_unique<Batch>();
    batch->core = shared_from_this();
    batch->listener = this;
    batch->writer = writer;
    batch->wait_for = store::kWaitFlush | store::kWaitReplicas;
    return batch;
  };
  auto batch = new_batch();
  bool refused = false;
  const auto send = [&] {
    if (batch->empty()) return;
    {
      std::lock_guard inner(mutex_);
      ++batches_out_;
    }
    std::unique_ptr<store::AppendBatch> given = std::move(batch);
    const auto status = refused ? AppendStatus::kClosed : queue_.append(given);
    if (status != AppendStatus::kOk) {
      refused = true;  // what follows would have a gap before it
      given->status = status;
      on_appended(std::move(given));
    }
    batch = new_batch();
  };
  for (const auto& entry : numbered) {
    const auto bodies = queue_.bodies(entry);
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      if (auto status = queue_.add(*batch, bodies[i]); !status) {
        log::error("a change does not fit the journal", {{"error", status.error()}});
      }
      if (i + 1 == bodies.size()) batch->numbers.push_back(entry.number);
      if (batch->bytes() >= kBatchBytes) send();
    }
  }
  send();
  lock.lock();
}

}  // namespace rmq::broker
