// Events in the order of simulated time; equal times in the order of their making, so that a seed replays exactly.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

namespace rmq::sim {

using Time = std::int64_t;  // milliseconds of real (simulated) time, from 0

class Scheduler {
 public:
  using Task = std::function<void()>;

  Time now() const { return now_; }
  void at(Time time, Task task) {
    heap_.push_back({std::max(time, now_), next_++, std::move(task)});
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  void after(Time delay, Task task) { at(now_ + delay, std::move(task)); }
  // Runs the next event unless it is later than `limit`; then time stands at `limit` and the answer is false.
  bool run_next(Time limit) {
    if (heap_.empty() || heap_.front().time > limit) {
      now_ = std::max(now_, limit);
      return false;
    }
    std::pop_heap(heap_.begin(), heap_.end(), later);
    Event event = std::move(heap_.back());
    heap_.pop_back();
    now_ = event.time;
    ++count_;
    event.task();
    return true;
  }
  std::uint64_t count() const { return count_; }

 private:
  struct Event {
    Time time;
    std::uint64_t order;
    Task task;
  };
  static bool later(const Event& a, const Event& b) { return a.time != b.time ? a.time > b.time : a.order > b.order; }

  Time now_ = 0;
  std::uint64_t next_ = 0;
  std::uint64_t count_ = 0;
  std::vector<Event> heap_;
};

// A machine's monotonic clock: its own origin and a rate that is off by some thousandths.
struct LocalClock {
  Time origin = 0;
  std::int64_t per_mille = 0;

  Time at(Time real) const { return origin + real + real * per_mille / 1000; }
  // The real time that passes while this clock counts `local`; at least that much.
  Time real_delay(Time local) const { return local <= 0 ? 0 : local * 1000 / (1000 + per_mille) + 1; }
};

}  // namespace rmq::sim
