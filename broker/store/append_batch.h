// A burst of messages on its way into the commit log, encoded by its maker outside any lock.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/store/topic_queue.h"
#include "common/base/result.h"
#include "common/protocol/message_flags.h"
#include "common/protocol/message_record.h"

namespace rmq::store {

// What else must have happened before a batch counts as acknowledged; a set.
enum WaitFor : std::uint8_t { kWaitNothing = 0, kWaitFlush = 1, kWaitReplicas = 2 };

enum class AppendStatus : std::uint8_t {
  kOk,
  kFlushTimeout,    // stored, not on disk in time: FLUSH_DISK_TIMEOUT
  kReplicaTimeout,  // stored, not on the replicas in time, or not in the time of our lease: FLUSH_SLAVE_TIMEOUT
  kBusy,            // too much is waiting: not stored, try again
  kDiskFull,        // not stored
  kIoError,         // the disk failed: not stored, or not known to be on disk
  kTooLarge,        // not stored
  kClosed,          // shutting down, or not writable: not stored
  kNotMaster,       // only the master stores: not stored
  kFewReplicas,     // too few in-sync replicas for what the batch asks for: not stored
};

class AppendBatch;

// Called on the thread that finished the batch (often another caller's): must be quick, block on nothing and not throw.
class AppendListener {
 public:
  virtual ~AppendListener() = default;
  virtual void on_appended(std::unique_ptr<AppendBatch> batch) noexcept = 0;
};

// Prepared and rolled back transaction records are in the log only.
constexpr bool enters_queue(std::int32_t sys_flag) {
  const auto type = protocol::transaction_type(sys_flag);
  return type != protocol::MessageFlag::kTransactionPrepared && type != protocol::MessageFlag::kTransactionRollback;
}

struct AppendRecord {
  std::uint32_t position = 0;  // in the batch's bytes
  std::uint32_t size = 0;
  TopicQueue* queue = nullptr;
  bool enters_queue = true;
  std::int64_t queue_offset = 0;
  std::int64_t physical_offset = -1;  // -1: not stored
};

// Derive from it to carry what the answer needs. Filled by one thread, then handed to CommitLog::append().
class AppendBatch {
 public:
  virtual ~AppendBatch() = default;

  // Encodes `record`; queue id, offsets and store timestamp need not be set. Of consecutive records of one queue the
  // queue offsets follow each other.
  Status add(TopicQueue& queue, protocol::MessageRecord record, protocol::EncodeOptions options = {});

  const std::vector<AppendRecord>& records() const { return records_; }
  std::size_t bytes() const { return bytes_.size(); }
  bool empty() const { return records_.empty(); }
  void clear();  // keeps the memory

  AppendListener* listener = nullptr;  // must outlive the batch
  std::uint8_t wait_for = kWaitFlush;  // a set of WaitFor; what the store's mode doesn't offer is ignored

  // Results, when the listener is called.
  AppendStatus status = AppendStatus::kOk;
  std::int64_t store_timestamp = 0;
  std::int64_t end_offset = 0;  // of the log, behind the last record

 private:
  friend class CommitLog;
  friend class AckGate;

  std::string bytes_;
  std::vector<AppendRecord> records_;
  std::uint32_t largest_ = 0;
  bool seal_crc_ = false;
  std::int64_t begin_ms_ = 0;
  AppendBatch* next_ = nullptr;
};

}  // namespace rmq::store
