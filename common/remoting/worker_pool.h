// Threads for work that may block. Bounded: when the queue is full, post() says so and the caller answers "busy".
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace rmq::remoting {

class WorkerPool {
 public:
  WorkerPool(const std::string& name, std::size_t threads, std::size_t max_queue);
  ~WorkerPool();  // stops
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False when the queue is full or the pool is stopping; `work` was not taken then. Thread-safe.
  bool post(std::function<void()> work);
  // Finishes what is queued, then joins. Idempotent.
  void stop();
  std::size_t queued() const;

 private:
  void run();

  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  std::vector<std::thread> threads_;
  std::size_t max_queue_;
  bool stopping_ = false;
};

}  // namespace rmq::remoting
