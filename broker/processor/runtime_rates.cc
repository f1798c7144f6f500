#include "broker/processor/runtime_rates.h"

#include <cstdio>

namespace rmq::broker {
namespace {

std::string two_decimals(double value) {
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%.2f", value);
  return text.data();
}

constexpr std::array<std::int64_t, 3> kWindows = {10, 60, 600};

}  // namespace

RuntimeRates::Values RuntimeRates::values_of(const store::StoreStats& stats) {
  return {stats.messages_appended.load(std::memory_order_relaxed), stats.gets_found.load(std::memory_order_relaxed),
          stats.gets_missed.load(std::memory_order_relaxed), stats.messages_read.load(std::memory_order_relaxed)};
}

void RuntimeRates::sample(std::int64_t monotonic_ms, std::int64_t local_day, const Values& values) {
  std::lock_guard lock(mutex_);
  if (day_ != local_day) {
    if (day_ >= 0) yesterday_morning_ = today_morning_;
    today_morning_ = day_ >= 0 ? values : Values{};
    day_ = local_day;
  }
  if (!samples_.empty() && monotonic_ms - samples_.back().at_ms < kSpacingMs) return;
  samples_.push_back({monotonic_ms, values});
  if (samples_.size() > kMaxSamples) samples_.pop_front();
}

double RuntimeRates::rate(Counter counter, std::int64_t seconds) const {
  if (samples_.size() < 2) return 0;
  const Sample& last = samples_.back();
  const Sample* first = &samples_.front();
  for (auto at = samples_.rbegin() + 1; at != samples_.rend(); ++at) {
    if (last.at_ms - at->at_ms < seconds * 1000) continue;
    first = &*at;
    break;
  }
  const auto elapsed = last.at_ms - first->at_ms;
  if (elapsed <= 0) return 0;
  return static_cast<double>(last.values[counter] - first->values[counter]) * 1000.0 / static_cast<double>(elapsed);
}

std::string RuntimeRates::rates(Counter counter) const {
  std::lock_guard lock(mutex_);
  std::string out;
  for (std::int64_t window : kWindows) out += (out.empty() ? "" : " ") + two_decimals(rate(counter, window));
  return out;
}

std::string RuntimeRates::total_rates() const {
  std::lock_guard lock(mutex_);
  std::string out;
  for (std::int64_t window : kWindows) {
    out += (out.empty() ? "" : " ") + two_decimals(rate(kGetFound, window) + rate(kGetMissed, window));
  }
  return out;
}

RuntimeRates::Days RuntimeRates::days(Counter counter) const {
  std::lock_guard lock(mutex_);
  return {yesterday_morning_[counter], today_morning_[counter]};
}

}  // namespace rmq::broker
