// The message store: commit log, consume queues, index, and the threads that keep them going. Depends on files only.
//
// Threads: the writer is whoever appends (see commit_log.h); one flusher, one dispatcher, one for upkeep
// (preallocation, timeouts, retention) and one for checkpoints. All wait for events; upkeep ticks five times a second.
//
//   auto store = MessageStore::open(options, clock);
//   TopicQueue& queue = (*store)->queue("T", 0);          // keep the reference
//   auto batch = std::make_unique<MyBatch>();             // derives from AppendBatch
//   batch->listener = &answerer;
//   batch->add(queue, record);
//   if (auto status = (*store)->append(batch); status != AppendStatus::kOk) refuse(*batch, status);
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "broker/store/commit_log.h"
#include "broker/store/consume_queue.h"
#include "broker/store/dispatcher.h"
#include "broker/store/index_store.h"
#include "broker/store/recovery.h"
#include "broker/store/replica_writer.h"
#include "broker/store/store_files.h"
#include "broker/store/store_options.h"
#include "broker/store/store_stats.h"
#include "common/base/clock.h"

namespace rmq::store {

enum class GetStatus : std::uint8_t {
  kFound,
  kNoMatchedMessage,
  kMessageWasRemoving,
  kOffsetFoundNull,
  kOffsetOverflowBadly,
  kOffsetOverflowOne,
  kOffsetTooSmall,
  kNoMatchedLogicQueue,
  kNoMessageInQueue,
  kOffsetReset,
};
std::string_view to_string(GetStatus status);  // "FOUND", "OFFSET_OVERFLOW_ONE", ...: the remark of a pull answer

// Called for each candidate; any thread.
class MessageFilter {
 public:
  virtual ~MessageFilter() = default;
  virtual bool matches_tags(std::int64_t tags_code) const = 0;
  virtual bool matches_record(std::string_view record) const { return record.data() != nullptr; }
};

struct GetRequest {
  std::int64_t offset = 0;
  std::int32_t max_messages = 32;
  std::int32_t max_bytes = INT32_MAX;
  const MessageFilter* filter = nullptr;
};

struct GetResult {
  GetStatus status = GetStatus::kNoMessageInQueue;
  std::int64_t next_offset = 0;
  std::int64_t min_offset = 0;
  std::int64_t max_offset = 0;
  std::vector<std::string_view> parts;  // the records' bytes; neighbours in the log share one part
  std::vector<SegmentPtr> owners;       // keep the parts valid
  std::int32_t messages = 0;
  std::int64_t bytes = 0;
  std::int64_t last_store_timestamp = 0;  // of the newest message in it
  bool suggest_replica = false;           // so far behind that another replica should serve it
};

class MessageStore {
 public:
  // Opens and recovers the store, and makes it ready for appends and reads. kConflict: another process has it;
  // kUnsupported: a RocksDB or DLedger store; kCorrupt: files that don't fit together or don't fit the options.
  static Result<std::unique_ptr<MessageStore>> open(StoreOptions options, const Clock& clock,
                                                    FileOps& ops = system_file_ops());
  ~MessageStore();  // closes

  // Refuses appends from now on, finishes what was accepted, brings everything to the disk and marks the stop as clean.
  // An error: the next start will recover as after a crash.
  Status close();

  // --- Appending (commit_log.h has the contract).
  TopicQueue& queue(std::string_view topic, std::int32_t id) { return table_.find_or_create(topic, id); }
  TopicQueue* find_queue(std::string_view topic, std::int32_t id) const { return table_.find(topic, id); }
  AppendStatus append(std::unique_ptr<AppendBatch>& batch) { return log_.append(batch); }
  WriteState write_state() const { return log_.write_state(); }

  // --- Roles (docs/replication.md). A store is master after open(), unless start_as_replica. Thread-safe; a change
  // waits for what is being written, so nothing crosses it. The term under which we are master; a change of it needs
  // become_replica() first.
  struct MasterTerm {
    std::uint64_t epoch = 0;                  // AckGate::advance_replicas() must name it
    bool wait_for_replicas = false;           // see set_ack_rule()
    bool enough_replicas = true;              // see set_enough_replicas()
    std::int64_t lease_until_ms = INT64_MAX;  // see set_ack_lease()
  };
  // From the moment this is called nothing is acknowledged: what waits gets kReplicaTimeout ("unknown"), what comes
  // kNotMaster. When it returns, nobody writes. kUnavailable: closed.
  Status become_replica();
  // Waits for append_replica() to end and takes messages. Queue offsets go on behind every record in the log,
  // dispatched or not (apache/rocketmq 7689). The confirm offset is the caller's to set. kIo: the disk failed;
  // kUnavailable: closed.
  Status become_master(const MasterTerm& term);
  bool is_replica() const { return replica_.load(std::memory_order_acquire); }

  // What the master's log has at `offset`: any number of records, the last one perhaps cut off (what of it came is kept
  // in memory until the rest comes), and blanks at the end of files. `offset` is replica_end(), or max_offset() to
  // begin anew with the record that was cut off. An empty log accepts any offset where a record starts. One thread
  // calls. On an error what came whole before it stays, the rest is forgotten: go on from max_offset(). kConflict: not
  // our end, or not a replica; kInvalid: not a log, or too large a record; kFull: no space now; kIo: the disk failed.
  Status append_replica(std::uint64_t offset, std::string_view bytes);
  std::uint64_t replica_end() const {
    return std::max(replica_writer_.end(), log_.max_offset());
  }  // max_offset() and what came of the next record
  // Cuts log, queues and index at `offset`, where a record starts; on the disk when it returns. Offsets at or behind
  // the end: nothing to cut. After a crash in between the next start finds the old log or a shorter one that still
  // contains all below `offset` (apache/rocketmq 10666); after an error call it again. What readers hold stays mapped.
  // kConflict: not a replica; kNotFound: below min_offset(); kInvalid: no record starts there.
  Status truncate_to(std::uint64_t offset);
  // Throws everything away, queue offsets as well; the log is empty and goes on at `start`. Replicas only.
  Status reset_to(std::uint64_t start);

  // --- Acknowledging; thread-safe, at any time.
  // Whether batches that ask for it wait for replicas, at most slave_timeout_ms: synchronous and quorum mode.
  void set_ack_rule(bool wait_for_replicas) { log_.gate().set_offered(kWaitReplicas, wait_for_replicas); }
  // false: batches that ask for replicas are refused (kFewReplicas).
  void set_enough_replicas(bool enough) { log_.set_enough_replicas(enough); }
  // Of Clock::monotonic_ms(): from then on nothing is answered with kOk, but kReplicaTimeout. Ignored on a replica.
  void set_ack_lease(std::int64_t until_monotonic_ms) { log_.gate().set_lease(until_monotonic_ms); }

  // --- Reading. Thread-safe; touches the disk when data is cold.
  GetResult get(const TopicQueue* queue, const GetRequest& request) const;
  // The record at a place of the log (what an offset message id holds); empty if none starts there.
  LogView record_at(std::uint64_t physical) const;
  // Messages with that key (unique or not), newest first, at most max_query_count.
  struct QueryResult {
    std::vector<LogView> records;
    std::int64_t last_update_timestamp = 0;
    std::int64_t last_update_physical = 0;
  };
  QueryResult query(std::string_view topic, std::string_view key, std::size_t max, std::int64_t begin,
                    std::int64_t end) const;
  // Queue units from `offset` on; see ConsumeQueues::read().
  Status read_units(const TopicQueue& queue, std::int64_t offset, std::size_t count,
                    std::vector<QueueUnit>& units) const {
    return queues_.read(queue, offset, count, units);
  }
  std::int64_t offset_by_time(const TopicQueue& queue, std::int64_t timestamp, TimeBoundary boundary) const;
  std::int64_t store_timestamp(const TopicQueue& queue, std::int64_t offset) const;  // -1 if there is no such message
  std::int64_t earliest_store_timestamp() const;                                     // of all topics; -1 if empty
  // Where the message with that queue offset starts in the log; -1 if there is none.
  std::int64_t physical_offset(const TopicQueue& queue, std::int64_t offset) const;
  // Whether reading that place of the log has probably to wait for the disk: give it to a worker.
  bool is_cold(std::uint64_t physical) const;
  bool is_cold(const TopicQueue& queue, std::int64_t offset) const;

  // --- Upkeep.
  void set_arrival_listener(ArrivalListener* listener) { dispatcher_.set_listener(listener); }
  // Readers see the log only up to here: queues, units, the index and records by their place; never a part of a record.
  // Raising it wakes the dispatcher. Remembered by checkpoints. Default: no limit (UINT64_MAX), or what the checkpoint
  // says with dispatch_to_confirm_only. Thread-safe.
  void set_confirm_offset(std::uint64_t offset);
  std::uint64_t confirm_offset() const { return confirm_.load(std::memory_order_acquire); }
  void remove_topic(std::string_view topic);  // consume queues only, as the original; the log expires by itself
  // Brings the whole log to the disk; a replica with synchronous flush calls it before it acknowledges.
  Status flush();
  Status checkpoint();  // any thread
  // What the upkeep thread does; for tests and admin requests. `force`: as if deleteWhen had come.
  void clean(bool force = false);

  CommitLog& log() { return log_; }
  const CommitLog& log() const { return log_; }
  const TopicQueueTable& queues() const { return table_; }
  AckGate& gate() { return log_.gate(); }
  Dispatcher& dispatcher() { return dispatcher_; }
  const StoreStats& stats() const { return stats_; }
  const StoreOptions& options() const { return options_; }
  const Recovery::Result& recovered() const { return recovered_; }
  bool recovered_from_crash() const { return crashed_; }

 private:
  MessageStore(StoreOptions options, const Clock& clock, FileOps& ops, StoreLock lock);

  Status start();
  void start_threads();
  void run_flusher();
  void run_upkeep();
  void run_checkpoints();
  void on_written();
  Status checkpoint_locked();
  std::uint64_t read_limit() const;
  Status change_log(std::uint64_t offset, bool reset);
  Status cut_at(std::uint64_t offset);
  Status start_anew(std::uint64_t start);
  Status pull_back_checkpoint(std::uint64_t offset);
  bool has_units() const;
  bool record_starts_at(std::uint64_t offset) const;
  void lower_confirm_offset(std::uint64_t offset);
  void count_undispatched();
  void collect(const TopicQueue& queue, const GetRequest& request, GetResult& result) const;
  void check_disk(bool& clean, bool& forcibly);
  std::size_t delete_expired(bool forcibly);

  const StoreOptions options_;
  const Clock& clock_;
  FileOps& ops_;
  const StorePaths paths_;
  StoreLock lock_;
  mutable StoreStats stats_;
  TopicQueueTable table_;
  CommitLog log_;
  mutable ConsumeQueues queues_;  // reading moves files in its cache
  IndexStore index_;
  Dispatcher dispatcher_;
  Checkpoint checkpoint_;
  // Locks are taken in the order replica_, upkeep_, checkpoint_mutex_, then the dispatcher's and the log's.
  std::mutex upkeep_mutex_;
  std::mutex checkpoint_mutex_;
  Recovery::Result recovered_;
  bool crashed_ = false;
  bool closed_ = false;
  std::uint64_t memory_bytes_ = 0;

  std::mutex replica_mutex_;  // held by append_replica() and by whatever changes what it may do
  ReplicaWriter replica_writer_;
  std::atomic<bool> replica_{false};
  // What an error interrupted: nothing but doing it again helps.
  enum class Unfinished : std::uint8_t { kNothing, kCut, kReset };
  Unfinished unfinished_ = Unfinished::kNothing;
  std::atomic<std::uint64_t> confirm_{UINT64_MAX};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> flush_idle_{true};  // the flusher sleeps until something is written
  Signal flush_signal_, upkeep_signal_, checkpoint_signal_;
  std::thread flusher_, dispatch_thread_, upkeep_, checkpointer_;
};

}  // namespace rmq::store
