// One value of the configuration: read anywhere without a lock, changed by UPDATE_BROKER_CONFIG while the broker runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>

namespace rmq::broker {

// A number or a flag that may change at any time; each read sees some value that was set.
template <class T>
class Setting {
 public:
  Setting() = default;
  Setting(const Setting& other) : value_(other.get()) {}
  Setting& operator=(const Setting& other) { return *this = other.get(); }
  Setting& operator=(T value) {
    value_.store(value, std::memory_order_relaxed);
    return *this;
  }
  T get() const { return value_.load(std::memory_order_relaxed); }
  operator T() const { return get(); }  // NOLINT(google-explicit-constructor): reads as the plain value it stands for

 private:
  std::atomic<T> value_{};
};

// A text that may change; get() copies.
class LiveText {
 public:
  LiveText() = default;
  LiveText(const LiveText& other) : value_(other.get()) {}
  LiveText& operator=(const LiveText& other) { return *this = other.get(); }
  LiveText& operator=(std::string value) {
    std::lock_guard lock(mutex_);
    value_ = std::move(value);
    return *this;
  }
  std::string get() const {
    std::lock_guard lock(mutex_);
    return value_;
  }

 private:
  mutable std::mutex mutex_;
  std::string value_;
};

}  // namespace rmq::broker
