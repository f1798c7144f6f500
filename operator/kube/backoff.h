// Growing delays with jitter between tries: 0.8 s to 30 s, as client-go's reflectors wait. Not thread-safe.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace rmq::kube {

// A small generator of its own (splitmix64): jitter needs spread, not secrecy, and tests need the same numbers again.
class Jitter {
 public:
  explicit Jitter(std::uint64_t seed) : state_(seed) {}
  // Uniform in [0, 1).
  double next() {
    state_ += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return static_cast<double>((z ^ (z >> 31)) >> 11) / 9007199254740992.0;
  }

 private:
  std::uint64_t state_;
};

struct BackoffLimits {
  std::chrono::milliseconds least{800};
  std::chrono::milliseconds most{30'000};
};

// The n-th delay (from 0) before jitter doubles from `least`; up to half of it is added, and all stays within `most`.
inline std::chrono::milliseconds backoff_delay(const BackoffLimits& limits, unsigned n, double jitter) {
  const double most = static_cast<double>(limits.most.count());
  // Two thirds of the maximum leave room for jitter, so that many waiters do not meet at the maximum.
  const double plain =
      std::min(static_cast<double>(limits.least.count()) * static_cast<double>(1ULL << std::min(n, 32U)),
               std::max(most * 2 / 3, static_cast<double>(limits.least.count())));
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::min(plain * (1 + jitter / 2), most)));
}

class Backoff {
 public:
  Backoff(BackoffLimits limits, std::uint64_t seed) : limits_(limits), jitter_(seed) {}
  std::chrono::milliseconds next() { return backoff_delay(limits_, failures_++, jitter_.next()); }
  void reset() { failures_ = 0; }

 private:
  BackoffLimits limits_;
  Jitter jitter_;
  unsigned failures_ = 0;
};

}  // namespace rmq::kube
