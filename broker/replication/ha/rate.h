// Bytes a second, for the status: what the last full second brought.
#pragma once

#include <atomic>
#include <cstdint>

namespace rmq::replication {

// One thread adds, any reads.
class RateMeter {
 public:
  void add(std::int64_t bytes, std::int64_t now_ms) {
    if (now_ms - since_ms_.load(std::memory_order_relaxed) >= 1000) {
      const auto passed = now_ms - since_ms_.load(std::memory_order_relaxed);
      last_.store(passed >= 2000 ? 0 : current_ * 1000 / passed, std::memory_order_relaxed);
      since_ms_.store(now_ms, std::memory_order_relaxed);
      current_ = 0;
    }
    current_ += bytes;
  }
  std::int64_t per_second(std::int64_t now_ms) const {
    return now_ms - since_ms_.load(std::memory_order_relaxed) >= 2000 ? 0 : last_.load(std::memory_order_relaxed);
  }

 private:
  std::int64_t current_ = 0;
  std::atomic<std::int64_t> last_{0}, since_ms_{0};
};

}  // namespace rmq::replication
