// Consume queues: for each queue the places of its messages in the commit log, in files of 20-byte units
// {physical offset i64, size i32, tags code i64} (org.apache.rocketmq.store.ConsumeQueue of release 5.5.0), as
// root/consumequeue/<topic>/<queue id>/<20-digit byte position>. A queue whose first known message isn't 0 begins with
// blank units {0, 0x7fffffff, 0} from the start of its first file on.
//
// Units are gathered in memory and written once a dispatch round; files are opened when needed and kept in an LRU.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "broker/store/file_ops.h"
#include "broker/store/store_options.h"
#include "broker/store/topic_queue.h"

namespace rmq::store {

class CommitLog;

struct QueueUnit {
  std::int64_t physical_offset = 0;
  std::int32_t size = 0;
  std::int64_t tags_code = 0;

  static constexpr std::int32_t kBlankSize = 0x7fffffff;
  bool written() const { return physical_offset >= 0 && size > 0; }
  bool blank() const { return physical_offset == 0 && size == kBlankSize && tags_code == 0; }
};

enum class TimeBoundary { kLower, kUpper };

class ConsumeQueues {
 public:
  static constexpr std::int64_t kUnit = 20;  // bytes

  ConsumeQueues(const StoreOptions& options, std::string directory, FileOps& ops, TopicQueueTable& table);

  // --- Start, and a log that is cut: while the dispatcher and upkeep stand still; readers may go on.
  // Finds all queues and where they end. kCorrupt: files of another length, or gaps between them.
  Status load();
  // Forgets units that were appended and not written.
  void drop_pending();
  // The record with this offset is in the log: the next one gets a greater.
  static void raise_next(TopicQueue& queue, std::int64_t offset) { queue.raise_next(offset + 1); }
  // Forgets the queue and its offsets: the next message is its first.
  Status forget(TopicQueue& queue);
  // Drops all units of `queue` that point at `physical` or behind. After an error, again. With `wipe`, what stands
  // behind the end in its file is cleared as well: after a crash a later unit may be there although an earlier one is
  // missing.
  Status truncate(TopicQueue& queue, std::uint64_t physical, bool wipe);
  // Where the record of the queue's last unit starts; -1 if the queue is empty. Known since load().
  static std::int64_t last_physical(const TopicQueue& queue) { return queue.last_physical_; }

  // --- The dispatcher's.
  // Remembers the unit of the message with this queue offset. Offsets that are there already are skipped; a gap is
  // filled with blank units, up to a limit that only a damaged log passes (kCorrupt).
  Status append(TopicQueue& queue, std::int64_t queue_offset, const QueueUnit& unit);
  // Writes what was appended and makes it readable. kFull: nothing is lost, call again later.
  Status write_pending();

  // --- Any thread.
  // Units from `offset` on, at most `count`, fewer at the end of the queue; replaces the content of `units`.
  // kNotFound: its file has been deleted.
  Status read(const TopicQueue& queue, std::int64_t offset, std::size_t count, std::vector<QueueUnit>& units);
  // kLower: first offset stored at `timestamp` or later (max_offset() if none). kUpper: last offset stored at or before
  // it (min_offset() if none).
  std::int64_t offset_by_time(const TopicQueue& queue, std::int64_t timestamp, TimeBoundary boundary,
                              const CommitLog& log);

  // --- Upkeep, one thread.
  Status sync();  // everything written so far to the disk
  // Raises min_offset() past units that point below `min_physical`, and deletes files that hold nothing else.
  Status trim(TopicQueue& queue, std::uint64_t min_physical);
  // Forgets a deleted topic's units: offsets go on from where they were. Call on the dispatcher's thread.
  Status remove(TopicQueue& queue);

 private:
  struct File {
    UniqueFd fd;
  };
  using FilePtr = std::shared_ptr<File>;
  struct Key {
    const TopicQueue* queue;
    std::int64_t start;
    auto operator<=>(const Key&) const = default;
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const {
      return std::hash<const void*>{}(key.queue) ^ static_cast<std::size_t>(key.start) * 0x9e3779b97f4a7c15ULL;
    }
  };

  std::string directory_of(const TopicQueue& queue) const;
  std::int64_t file_start(std::int64_t position) const { return position / file_bytes_ * file_bytes_; }
  Result<FilePtr> open(const TopicQueue& queue, std::int64_t start, bool create);
  Status drop_file(const TopicQueue& queue, std::int64_t start);
  Status drop_files(const TopicQueue& queue, std::int64_t below, std::int64_t from);
  Status drop_folder(TopicQueue& queue);
  Status load_queue(TopicQueue& queue);
  Result<std::int64_t> count_units(int fd);
  Status write_queue(TopicQueue& queue);
  Result<QueueUnit> read_one(const TopicQueue& queue, std::int64_t offset);
  // The first offset in [from, to) for which `predicate` holds, or `to`; it must hold for all after that.
  template <class Predicate>
  Result<std::int64_t> first_where(const TopicQueue& queue, std::int64_t from, std::int64_t to, Predicate&& predicate);

  const StoreOptions& options_;
  const std::string directory_;
  const std::int64_t file_bytes_;
  FileOps& ops_;
  TopicQueueTable& table_;

  std::vector<TopicQueue*> touched_;  // with pending units

  std::mutex files_mutex_;
  std::list<std::pair<Key, FilePtr>> lru_;  // newest first
  std::unordered_map<Key, std::list<std::pair<Key, FilePtr>>::iterator, KeyHash> files_;

  std::mutex dirty_mutex_;
  std::set<Key> dirty_;
  bool created_files_ = false;
};

template <class Predicate>
Result<std::int64_t> ConsumeQueues::first_where(const TopicQueue& queue, std::int64_t from, std::int64_t to,
                                                Predicate&& predicate) {
  while (from < to) {
    const auto middle = from + (to - from) / 2;
    RMQ_TRY(auto unit, read_one(queue, middle));
    if (predicate(unit)) {
      to = middle;
    } else {
      from = middle + 1;
    }
  }
  return from;
}

}  // namespace rmq::store
