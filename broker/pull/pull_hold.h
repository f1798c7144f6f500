// Long polling: pulls that found nothing wait here until a message arrives in their queue or their time is up.
//
// Nothing is scanned: an arrival finds the waiters of its queue by the queue's address, and one thread sleeps until the
// earliest deadline. Arrivals come from the store's dispatcher and must cost next to nothing when nobody waits.
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "broker/store/topic_queue.h"
#include "common/base/clock.h"
#include "common/protocol/command.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

// Whether a message with this tags code is worth waking for. Empty codes: any.
struct TagFilter {
  std::vector<std::int64_t> codes;
  bool matches(std::int64_t tags_code) const;
};

struct HeldPull {
  protocol::Command request;
  remoting::ConnectionPtr connection;
  const store::TopicQueue* queue = nullptr;
  std::int64_t offset = 0;       // waits for a message at this offset or above
  std::int64_t deadline_ms = 0;  // by Clock::monotonic_ms()
  TagFilter filter;
};

class PullHold {
 public:
  // `wake` runs the pull again, without holding it once more; on any thread, must not block.
  using Wake = std::function<void(HeldPull&&)>;
  PullHold(const Clock& clock, std::size_t max_held, Wake wake);
  ~PullHold();  // stops
  PullHold(const PullHold&) = delete;
  PullHold& operator=(const PullHold&) = delete;

  // Thread-safe. A message that arrived meanwhile wakes it at once. False when max_held are waiting: not taken.
  bool hold(HeldPull&& pull);
  // A message at `offset` of `queue` can be read now. Thread-safe.
  void on_arrival(const store::TopicQueue& queue, std::int64_t offset, std::int64_t tags_code);
  std::size_t held() const { return held_.load(std::memory_order_relaxed); }
  // Wakes everybody, then takes no more.
  void stop();

 private:
  using Key = std::uint64_t;
  struct Shard {
    std::mutex mutex;
    std::unordered_map<const store::TopicQueue*, std::vector<std::pair<Key, HeldPull>>> waiting;
  };
  struct Deadline {
    const store::TopicQueue* queue;
    Key key;
  };

  Shard& shard_of(const store::TopicQueue* queue);
  void run();
  void expire(const Deadline& deadline);

  const Clock& clock_;
  const std::size_t max_held_;
  Wake wake_;
  std::atomic<std::size_t> held_{0};
  std::atomic<Key> next_key_{1};
  std::array<Shard, 64> shards_;

  std::mutex deadlines_mutex_;
  std::condition_variable deadlines_changed_;
  std::multimap<std::int64_t, Deadline> deadlines_;  // by time; entries of pulls woken before are skipped
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace rmq::broker
