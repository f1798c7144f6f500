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

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "broker/store/commit_log.h"
#include "broker/store/consume_queue.h"
#include "broker/store/dispatcher.h"
#include "broker/store/index_store.h"
#include "broker/store/recovery.h"
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
  // Readers see the log only up to here; for replication. Raising it wakes the dispatcher. Default: no limit.
  void set_confirm_offset(std::uint64_t offset);
  void remove_topic(std::string_view topic);  // consume queues only, as the original; the log expires by itself
  Status flush() { return log_.flush(); }
  Status checkpoint();
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
  std::uint64_t read_limit() const;
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
  std::mutex checkpoint_mutex_;
  Recovery::Result recovered_;
  bool crashed_ = false;
  bool closed_ = false;
  std::uint64_t memory_bytes_ = 0;

  std::atomic<std::uint64_t> confirm_{UINT64_MAX};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> flush_idle_{true};  // the flusher sleeps until something is written
  Signal flush_signal_, upkeep_signal_, checkpoint_signal_;
  std::thread flusher_, dispatch_thread_, upkeep_, checkpointer_;
};

}  // namespace rmq::store
