// Time as the protocol counts it: milliseconds. Code with rules that depend on time takes a Clock, so tests can move
// it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

namespace rmq {

class Clock {
 public:
  virtual ~Clock() = default;
  virtual std::int64_t wall_ms() const = 0;       // since the Unix epoch; may jump
  virtual std::int64_t monotonic_ms() const = 0;  // never goes back; origin arbitrary
};

class SystemClock final : public Clock {
 public:
  std::int64_t wall_ms() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
        .count();
  }
  std::int64_t monotonic_ms() const override {
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
};

// For tests: stands still until told.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(std::int64_t start_ms = 1'700'000'000'000) : now_(start_ms) {}
  std::int64_t wall_ms() const override { return now_.load(); }
  std::int64_t monotonic_ms() const override { return now_.load(); }
  void advance(std::int64_t ms) { now_ += ms; }
  void set(std::int64_t ms) { now_ = ms; }

 private:
  std::atomic<std::int64_t> now_;
};

}  // namespace rmq
