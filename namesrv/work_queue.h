// One thread for what would hold up connections: merging registrations, removing brokers. In order, bounded, and it
// wakes by itself at the moment the earliest broker may have expired.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>

namespace rmq::namesrv {

class WorkQueue {
 public:
  // `max_bytes`: what waiting work may hold in memory.
  explicit WorkQueue(std::size_t max_bytes) : max_bytes_(max_bytes) {}
  ~WorkQueue() { stop(); }
  WorkQueue(const WorkQueue&) = delete;
  WorkQueue& operator=(const WorkQueue&) = delete;

  // Milliseconds until `tick` shall run; nothing: not before the next work is done. Both run on the queue's thread.
  using NextTick = std::function<std::optional<std::int64_t>()>;
  void start(NextTick next_tick, std::function<void()> tick);
  // Runs `work` in turn; false if the queue is full or stopped: the caller does it himself, which slows down whoever
  // asks for so much.
  bool post(std::size_t bytes, std::function<void()> work);
  // Drops what waits, returns when the thread has ended.
  void stop();

  std::size_t waiting() const;

 private:
  struct Item {
    std::size_t bytes;
    std::function<void()> work;
  };
  void run();

  const std::size_t max_bytes_;
  NextTick next_tick_;
  std::function<void()> tick_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Item> items_;
  std::size_t bytes_ = 0;
  bool running_ = false;
  std::thread thread_;
};

}  // namespace rmq::namesrv
