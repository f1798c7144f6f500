// A QueueState behind a lock, and the workers that empty it. Its length is bounded by the number of distinct keys.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "operator/kube/queue_state.h"

namespace rmq::kube {

// Thread-safe.
class WorkQueue {
 public:
  // A key's first retry comes after `retry.least`, the later ones ever later. The clock must run with real time.
  explicit WorkQueue(const Clock& clock,
                     BackoffLimits retry = {std::chrono::milliseconds(100), std::chrono::milliseconds(60'000)});

  void add(const std::string& key);
  void add_after(const std::string& key, std::chrono::milliseconds delay);
  void retry(const std::string& key);
  void forget(const std::string& key);

  // Blocks until a key is there or shut_down() was called (nullopt). Each key taken needs its done().
  std::optional<std::string> take();
  void done(const std::string& key);

  // What still waits is dropped.
  void shut_down();
  std::size_t size() const;

 private:
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  QueueState state_;
  bool shut_down_ = false;
};

// `count` threads that take keys and hand them to `work` until stop(). A key is never in two threads at once.
class Workers {
 public:
  // An error: the key is tried again later and later. A delay: it comes again after that. Nothing: it is settled.
  using Work = std::function<Result<std::optional<std::chrono::milliseconds>>(const std::string& key)>;

  Workers(WorkQueue& queue, unsigned count, Work work);
  ~Workers();  // stop()
  Workers(const Workers&) = delete;
  // Shuts the queue down and waits for the work under way.
  void stop();

 private:
  void run();

  WorkQueue& queue_;
  const Work work_;
  std::vector<std::thread> threads_;
};

}  // namespace rmq::kube
