// Wakes one sleeping thread: no system call while it is awake, none lost, no polling.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace rmq::store {

// Any number of threads notify(); one thread waits.
class Signal {
 public:
  void notify() {
    if (state_.exchange(kSignalled) == kSleeping) {
      ::syscall(SYS_futex, address(), FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }
  }

  // Returns true as soon as there was a notify() since the last wait, false after timeout_us; negative waits for ever.
  bool wait(std::int64_t timeout_us = -1) {
    std::uint32_t idle = kIdle;
    if (timeout_us != 0 && state_.compare_exchange_strong(idle, kSleeping)) {
      timespec left{timeout_us / 1'000'000, timeout_us % 1'000'000 * 1000};
      // May return early for no reason: the callers loop around their condition anyway.
      ::syscall(SYS_futex, address(), FUTEX_WAIT_PRIVATE, kSleeping, timeout_us < 0 ? nullptr : &left, nullptr, 0);
    }
    return state_.exchange(kIdle) == kSignalled;
  }

 private:
  static constexpr std::uint32_t kIdle = 0, kSignalled = 1, kSleeping = 2;
  std::uint32_t* address() { return reinterpret_cast<std::uint32_t*>(&state_); }

  std::atomic<std::uint32_t> state_{kIdle};
  static_assert(sizeof(std::atomic<std::uint32_t>) == sizeof(std::uint32_t));
};

}  // namespace rmq::store
