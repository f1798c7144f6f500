#include "namesrv/work_queue.h"

#include <chrono>

namespace rmq::namesrv {
namespace {

constexpr std::size_t kMaxItems = 100'000;

}  // namespace

void WorkQueue::start(NextTick next_tick, std::function<void()> tick) {
  next_tick_ = std::move(next_tick);
  tick_ = std::move(tick);
  running_ = true;
  thread_ = std::thread([this] { run(); });
}

bool WorkQueue::post(std::size_t bytes, std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    if (!running_ || items_.size() >= kMaxItems || bytes_ + bytes > max_bytes_) return false;
    bytes_ += bytes;
    items_.push_back({bytes, std::move(work)});
  }
  changed_.notify_one();
  return true;
}

void WorkQueue::run() {
  std::unique_lock lock(mutex_);
  while (running_) {
    if (!items_.empty()) {
      auto item = std::move(items_.front());
      items_.pop_front();
      lock.unlock();
      item.work();
      item.work = nullptr;  // what it holds goes before it stops counting
      lock.lock();
      bytes_ -= item.bytes;
      if (!items_.empty()) continue;
    }
    lock.unlock();
    auto wait = next_tick_();
    if (wait && *wait <= 0) {
      tick_();
      lock.lock();
      continue;
    }
    lock.lock();
    auto awake = [this] { return !running_ || !items_.empty(); };
    if (wait) {
      changed_.wait_for(lock, std::chrono::milliseconds(*wait), awake);
    } else {
      changed_.wait(lock, awake);
    }
  }
}

void WorkQueue::stop() {
  {
    std::lock_guard lock(mutex_);
    running_ = false;
    items_.clear();
    bytes_ = 0;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::size_t WorkQueue::waiting() const {
  std::lock_guard lock(mutex_);
  return items_.size();
}

}  // namespace rmq::namesrv
