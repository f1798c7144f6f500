// Who hears that the log has grown. The writer takes no lock: a remover that finds it calling waits for the end of
// that.
#include <algorithm>
#include <thread>

#include "broker/store/commit_log.h"

namespace rmq::store {

void CommitLog::tell_listeners() {
  end_calls_.fetch_add(1);  // odd: calling
  for (auto& slot : end_listeners_) {
    if (auto* listener = slot.load()) listener->on_log_end();
  }
  end_calls_.fetch_add(1);
}

bool CommitLog::add_end_listener(LogEndListener* listener) {
  std::lock_guard lock(end_listeners_mutex_);
  for (auto& slot : end_listeners_) {
    if (slot.load() != nullptr) continue;
    slot.store(listener);
    end_listeners_used_.store(true, std::memory_order_release);
    return true;
  }
  return false;
}

void CommitLog::remove_end_listener(LogEndListener* listener) {
  std::lock_guard lock(end_listeners_mutex_);
  for (auto& slot : end_listeners_) {
    if (slot.load() == listener) slot.store(nullptr);
  }
  const bool any = std::any_of(end_listeners_.begin(), end_listeners_.end(), [](auto& slot) { return slot.load(); });
  end_listeners_used_.store(any, std::memory_order_release);
  // Either the writer sees the empty slot, or we see it calling.
  const auto calls = end_calls_.load();
  while (calls % 2 != 0 && end_calls_.load() == calls) std::this_thread::yield();
}

}  // namespace rmq::store
