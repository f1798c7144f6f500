// The queues of all topics: where the next message of each goes, and what of it can be read.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rmq::store {

struct Topic {
  std::string name;
  std::int32_t index_hash = 0;  // Java hash of name + "#": the start of every index key
};

// One queue. Lives as long as its table, so the pointer can be kept. Offsets count messages, from 0.
// min_offset() and max_offset() may be read by any thread; everything else belongs to the thread named beside it.
class TopicQueue {
 public:
  TopicQueue(const Topic& topic, std::int32_t id) : topic_(topic), id_(id) {}

  const std::string& topic() const { return topic_.name; }
  std::int32_t index_hash() const { return topic_.index_hash; }
  std::int32_t id() const { return id_; }

  // The first offset whose message is still in the log, and the one after the last that can be read.
  std::int64_t min_offset() const { return min_.load(std::memory_order_acquire); }
  std::int64_t max_offset() const { return max_.load(std::memory_order_acquire); }
  // The offset that the next stored message gets: max_offset() plus what isn't dispatched yet.
  std::int64_t next_offset() const { return next_.load(std::memory_order_relaxed); }

 private:
  friend class CommitLog;      // next_
  friend class ReplicaWriter;  // next_
  friend class ConsumeQueues;  // the rest, on the dispatcher's thread or during recovery
  friend class Recovery;

  void raise_next(std::int64_t next) {
    auto before = next_.load(std::memory_order_relaxed);
    while (before < next && !next_.compare_exchange_weak(before, next, std::memory_order_relaxed)) {
    }
  }

  const Topic& topic_;
  const std::int32_t id_;
  bool touched_ = false;  // has pending_ to be written in this round
  std::atomic<std::int64_t> next_{0};
  std::atomic<std::int64_t> min_{0};
  std::atomic<std::int64_t> max_{0};
  std::atomic<std::int64_t> first_file_{-1};      // byte position where the oldest file starts; -1: no file
  std::atomic<std::int64_t> first_physical_{-1};  // where the record of the unit at min_ starts; -1: unknown
  std::int64_t last_physical_ = -1;               // where the record of the last unit starts; -1: unknown
  std::string pending_;                           // units not yet written,
  std::int64_t pending_at_ = 0;                   // from this offset on
};

// Thread-safe. Lookup takes a shared lock: hot callers keep the pointer.
class TopicQueueTable {
 public:
  TopicQueue* find(std::string_view topic, std::int32_t id) const;
  TopicQueue& find_or_create(std::string_view topic, std::int32_t id);

  std::vector<TopicQueue*> all() const;
  std::vector<TopicQueue*> of_topic(std::string_view topic) const;
  std::size_t size() const;

 private:
  static constexpr std::int32_t kDirect = 1024;  // ids below stand in a vector

  struct Entry {
    Topic topic;
    std::vector<std::unique_ptr<TopicQueue>> direct;
    std::map<std::int32_t, std::unique_ptr<TopicQueue>> others;

    TopicQueue* find(std::int32_t id) const;
  };
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
  };

  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, std::unique_ptr<Entry>, Hash, std::equal_to<>> topics_;
};

}  // namespace rmq::store
