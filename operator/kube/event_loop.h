// The one thread of the client: every socket, timer and watch callback runs on it. Callbacks must not block and must
// not call what waits for the loop (Client's calls); those belong on worker threads.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace rmq::kube {

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();  // shut_down()
  EventLoop(const EventLoop&) = delete;

  // Any thread; tasks run in the order of their posting. False, and the task is dropped, once shut_down() has been
  // called.
  bool post(std::function<void()> task);

  // Any thread but the loop's own: returns when the task has run, or at once if the loop has been shut down.
  void run_and_wait(const std::function<void()>& task);

  // Any thread. Returns an id for cancel_timer().
  std::uint64_t run_after(std::chrono::milliseconds delay, std::function<void()> task);
  // On the loop's thread: the task will not run. On another thread it may be running already.
  void cancel_timer(std::uint64_t id);

  bool on_loop_thread() const;

  // Drops all timers, lets started work end, joins the thread. Not from the loop's thread. Idempotent.
  void shut_down();

  // For the transport only.
  boost::asio::io_context& io();

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace rmq::kube
