// Writes into the commit log what a master sent: checked record by record before it touches a file, so that neither a
// torn record nor garbage is ever seen by readers, the dispatcher or recovery. What came of a record that isn't whole
// yet is kept in memory (Java's master sends pieces of at most 32 KiB that cut records anywhere).
//
// A log that begins in the middle of a file gets filler records before its start: valid ones of a rolled back
// transaction, which enter no queue and no index, so that every reader of log files (also the original) can walk over.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "broker/store/commit_log.h"
#include "broker/store/topic_queue.h"

namespace rmq::store {

// One thread at a time, and not together with appends of producers; end() by any thread.
class ReplicaWriter {
 public:
  ReplicaWriter(const StoreOptions& options, CommitLog& log, TopicQueueTable& table);

  // See MessageStore::append_replica(). Of an empty log `offset` must be its end.
  Status append(std::uint64_t offset, std::string_view bytes);
  // Forgets what came of a record that isn't whole.
  void forget_partial();
  std::uint64_t end() const { return end_.load(std::memory_order_acquire); }

 private:
  // What stands at the beginning of `bytes`, which belongs at `position`: a whole record, the blank that ends a file
  // (size: all that remains of the file), or nothing yet (size 0).
  struct Piece {
    std::uint64_t size = 0;
    bool blank = false;
  };
  Result<Piece> look(std::uint64_t position, std::string_view bytes) const;
  Status take(std::string_view bytes);
  Status take_whole_records(std::string_view& bytes);
  Status take_into_partial(std::string_view& bytes);
  void count_queue_offset(const protocol::MessageRecord& record);

  const StoreOptions& options_;
  CommitLog& log_;
  TopicQueueTable& table_;
  std::string partial_;           // of the next record, or the 8 bytes that begin the blank
  std::uint64_t blank_left_ = 0;  // bytes of the blank that haven't come yet; what they hold doesn't matter
  TopicQueue* last_queue_ = nullptr;
  std::atomic<std::uint64_t> end_{0};
};

}  // namespace rmq::store
