// What the store counts; plain atomics, read at any time from any thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace rmq::store {

struct StoreStats {
  using Counter = std::atomic<std::int64_t>;

  Counter messages_appended{0};
  Counter bytes_appended{0};
  Counter batches_appended{0};
  Counter writes{0};  // system calls: batches / writes shows how well appends combine
  Counter writes_failed{0};
  Counter appends_refused{0};  // busy, full, closed
  Counter flushes{0};
  Counter flush_timeouts{0};
  Counter messages_dispatched{0};
  Counter dispatch_rounds{0};
  Counter gets_found{0};
  Counter gets_missed{0};
  Counter messages_read{0};

  // Levels, kept up to date by the threads that know.
  Counter flush_behind_bytes{0};
  Counter dispatch_behind_bytes{0};
  std::atomic<double> disk_used_ratio{0};  // 0..1 of the commit log's volume

  // From append() to the moment the bytes are with the kernel; bounds as the original's putMessageDistributeTime:
  // <=0 ms, <10, <50, <100, <200, <500, <1 s, <2 s, <3 s, <4 s, <5 s, <10 s, >=10 s.
  static constexpr std::array<std::int64_t, 12> kPutBoundsMs = {0,    10,   50,   100,  200,  500,
                                                                1000, 2000, 3000, 4000, 5000, 10000};
  std::array<Counter, 13> put_time_buckets{};
  Counter put_time_max_ms{0};

  void record_put_time(std::int64_t ms, std::int64_t count) {
    std::size_t bucket = 0;
    if (ms > 0) {
      bucket = 1;
      while (bucket < kPutBoundsMs.size() && ms >= kPutBoundsMs[bucket]) ++bucket;
    }
    put_time_buckets[bucket].fetch_add(count, std::memory_order_relaxed);
    auto max = put_time_max_ms.load(std::memory_order_relaxed);
    while (ms > max && !put_time_max_ms.compare_exchange_weak(max, ms, std::memory_order_relaxed)) {
    }
  }
};

}  // namespace rmq::store
