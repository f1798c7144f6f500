// Rates and daily totals out of the store's counters, for the runtime information that mqadmin and dashboards show.
// Source of the figures: org.apache.rocketmq.store.StoreStatsService, broker.out.BrokerStats of 5.5.0.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>

#include "broker/store/store_stats.h"

namespace rmq::broker {

// Thread-safe. Pure but for its memory: times and counters are given.
class RuntimeRates {
 public:
  enum Counter : std::size_t { kPut, kGetFound, kGetMissed, kTransferred, kCounters };
  using Values = std::array<std::int64_t, kCounters>;

  static Values values_of(const store::StoreStats& stats);

  // Once a second or so; more often changes nothing. `local_day` counts days in the broker's time zone.
  void sample(std::int64_t monotonic_ms, std::int64_t local_day, const Values& values);

  // "a b c": per second over the last 10, 60 and 600 seconds, as far as samples reach.
  std::string rates(Counter counter) const;
  std::string total_rates() const;  // found and missed gets together

  struct Days {
    std::int64_t yesterday_morning = 0;
    std::int64_t today_morning = 0;
  };
  Days days(Counter counter) const;

 private:
  static constexpr std::size_t kMaxSamples = 601;
  static constexpr std::int64_t kSpacingMs = 900;

  struct Sample {
    std::int64_t at_ms;
    Values values;
  };

  double rate(Counter counter, std::int64_t seconds) const;

  mutable std::mutex mutex_;
  std::deque<Sample> samples_;
  std::int64_t day_ = -1;
  Values yesterday_morning_{};
  Values today_morning_{};
};

}  // namespace rmq::broker
