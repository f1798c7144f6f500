// Follows the commit log and makes every message findable: consume queue unit, index entries, and then a call to those
// who wait for it. Source of the rules: CommitLog.checkMessageAndReturnSize, DefaultMessageStore.ReputMessageService.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string_view>
#include <vector>

#include "broker/store/commit_log.h"
#include "broker/store/consume_queue.h"
#include "broker/store/index_store.h"
#include "broker/store/signal.h"

namespace rmq::store {

struct Arrival {
  const TopicQueue* queue = nullptr;
  std::int64_t queue_offset = 0;
  std::int64_t tags_code = 0;
  std::int64_t store_timestamp = 0;
  std::string_view record;  // valid during the call
};

// Called on the dispatcher's thread, after the messages can be read: must be quick and block on nothing.
class ArrivalListener {
 public:
  virtual ~ArrivalListener() = default;
  // Whether somebody waits for a message this moment. While nobody does, the dispatcher may gather for a moment
  // (dispatch_nap_us). Who starts to wait must look at max_offset() once more after this began to give true.
  virtual bool in_a_hurry() const noexcept = 0;
  virtual void on_arrivals(std::span<const Arrival> arrivals) noexcept = 0;
};

// The tags code of a record: Java hash of TAGS, or of a record in SCHEDULE_TOPIC_XXXX the time of its delivery.
struct RecordKeys {
  IndexKeys index;
  std::int64_t tags_code = 0;
};
RecordKeys record_keys(const protocol::MessageRecord& record, const std::vector<std::int64_t>& delay_levels_ms);

class Dispatcher {
 public:
  Dispatcher(const StoreOptions& options, CommitLog& log, TopicQueueTable& table, ConsumeQueues& queues,
             IndexStore& index, StoreStats& stats);

  // Before the first round.
  void start_at(std::uint64_t offset) { position_.store(offset); }
  // No round runs as long as this is held.
  std::unique_lock<std::mutex> pause() { return std::unique_lock(round_mutex_); }
  void set_listener(ArrivalListener* listener) { listener_.store(listener, std::memory_order_release); }
  // How far the log may be read: what readers may see; a record counts once all of it may be seen. Default: all that is
  // written. Thread-safe after start.
  std::function<std::uint64_t()> limit;

  // One round, bounded in bytes. True if there was something to do. kFull: the disk is full; call again later.
  Result<bool> run_round();
  // The thread's loop, until stop().
  void run();
  void stop();
  void wake() { signal_.notify(); }
  // Runs `task` on the dispatcher's thread between two rounds.
  void post(std::function<void()> task);

  // Everything before has its units and can be read.
  std::uint64_t position() const { return position_.load(std::memory_order_acquire); }
  struct Progress {
    std::int64_t last_physical = 0;  // of the last dispatched record; 0: none
    std::int64_t last_timestamp = 0;
  };
  Progress progress() const;
  // For a log that was cut at `end`, while paused: goes on from there at the latest. `last` is a dispatched record
  // before it, for progress().
  void cut(std::uint64_t end, const Progress& last);
  // For a log that begins anew at `start`, while paused.
  void restart(std::uint64_t start);

 private:
  Status dispatch(const protocol::MessageRecord& record, std::string_view bytes);
  void run_tasks();
  void forget_behind(const SegmentPtr& segment, std::uint64_t position);

  const StoreOptions& options_;
  CommitLog& log_;
  TopicQueueTable& table_;
  ConsumeQueues& queues_;
  IndexStore& index_;
  StoreStats& stats_;
  std::atomic<ArrivalListener*> listener_{nullptr};

  Signal signal_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> position_{0};
  std::uint64_t forgotten_ = 0;
  std::int64_t indexed_through_ = -1;
  std::vector<Arrival> arrivals_;
  TopicQueue* last_queue_ = nullptr;

  std::mutex round_mutex_;
  mutable std::mutex mutex_;
  Progress progress_;
  Progress round_;
  std::vector<std::function<void()>> tasks_;
};

}  // namespace rmq::store
