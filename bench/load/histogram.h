// Latencies in buckets of at most 1.6 % width: 64 a power of two, from 1 ns to over an hour.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace rmq::bench {

class Histogram {
 public:
  void add(std::uint64_t nanoseconds) {
    ++counts_[bucket_of(nanoseconds)];
    ++total_;
    if (nanoseconds > max_) max_ = nanoseconds;
  }
  std::uint64_t count() const { return total_; }
  std::uint64_t max() const { return max_; }
  // The value that `fraction` (0..1) of all are not above.
  std::uint64_t quantile(double fraction) const {
    const auto wanted = static_cast<std::uint64_t>(fraction * static_cast<double>(total_));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      seen += counts_[i];
      if (seen > wanted) return upper_bound_of(i);
    }
    return max_;
  }

 private:
  static constexpr unsigned kSubBits = 6;
  static constexpr std::size_t kBuckets = (42 - kSubBits + 1) << kSubBits;

  static std::size_t bucket_of(std::uint64_t value) {
    if (value < (1U << kSubBits)) return value;
    const unsigned shift = static_cast<unsigned>(std::bit_width(value)) - 1 - kSubBits;
    const auto bucket = (static_cast<std::size_t>(shift + 1) << kSubBits) + ((value >> shift) & ((1U << kSubBits) - 1));
    return bucket < kBuckets ? bucket : kBuckets - 1;
  }
  static std::uint64_t upper_bound_of(std::size_t bucket) {
    if (bucket < (1U << kSubBits)) return bucket;
    const auto shift = (bucket >> kSubBits) - 1;
    return (((1ULL << kSubBits) + (bucket & ((1U << kSubBits) - 1)) + 1) << shift) - 1;
  }

  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t total_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace rmq::bench
