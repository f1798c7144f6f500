#include "broker/replication/ha/end_bell.h"

#include <algorithm>

#include "common/base/log.h"

namespace rmq::replication {

EndBell::EndBell(store::CommitLog& log) : log_(log) {
  // Without it the senders still come round with each heartbeat; there is no way to get here with a sound store.
  if (!log_.add_end_listener(this)) log::error("no place for replication at the commit log");
}

EndBell::~EndBell() {
  log_.remove_end_listener(this);
}

void EndBell::on_log_end() noexcept {
  // Pairs with the fence in arm(): either the writer sees the armed seat, or the sleeper the new end.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (armed_.load(std::memory_order_relaxed) == 0) return;
  std::lock_guard lock(mutex_);
  for (auto* seat : seats_) {
    if (!seat->armed_.exchange(false)) continue;
    armed_.fetch_sub(1);
    seat->waker_.wake();
  }
}

EndBell::Seat::Seat(EndBell& bell, const Waker& waker) : bell_(bell), waker_(waker) {
  std::lock_guard lock(bell_.mutex_);
  bell_.seats_.push_back(this);
}

EndBell::Seat::~Seat() {
  disarm();
  std::lock_guard lock(bell_.mutex_);
  std::erase(bell_.seats_, this);
}

bool EndBell::Seat::arm(std::uint64_t seen) {
  if (!armed_.exchange(true)) bell_.armed_.fetch_add(1);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (bell_.log_.max_offset() == seen) return true;
  disarm();
  return false;
}

void EndBell::Seat::disarm() {
  if (armed_.exchange(false)) bell_.armed_.fetch_sub(1);
}

}  // namespace rmq::replication
