// Tells sleeping threads that the commit log has grown. A writer that finds nobody asleep pays one atomic load, so a
// busy sender gathers what comes meanwhile instead of being called for each message.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "broker/replication/ha/waker.h"
#include "broker/store/commit_log.h"

namespace rmq::replication {

class EndBell final : public store::LogEndListener {
 public:
  explicit EndBell(store::CommitLog& log);  // registers itself
  ~EndBell() override;
  EndBell(const EndBell&) = delete;
  EndBell& operator=(const EndBell&) = delete;

  // A thread that sleeps on `waker`.
  class Seat {
   public:
    Seat(EndBell& bell, const Waker& waker);
    ~Seat();
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;

    // Before going to sleep: true if the log still ends at `seen`; then its next growth wakes this thread, once.
    bool arm(std::uint64_t seen);
    void disarm();

   private:
    friend class EndBell;
    EndBell& bell_;
    const Waker& waker_;
    std::atomic<bool> armed_{false};
  };

  void on_log_end() noexcept override;

 private:
  store::CommitLog& log_;
  std::atomic<int> armed_{0};  // seats
  std::mutex mutex_;           // of seats_; held for moments only
  std::vector<Seat*> seats_;
};

}  // namespace rmq::replication
