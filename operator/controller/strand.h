// The one thread on which all groups of a cluster live, as a place to post to that may be closed while others still
// hold it: store and network callbacks come when they come.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <future>
#include <mutex>

namespace rmq::controller {

// Thread-safe. `io` runs on exactly one thread and is not touched after close().
class Strand {
 public:
  explicit Strand(boost::asio::io_context& io) : io_(&io) {}

  // Dropped once closed.
  void post(std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    if (io_ != nullptr) boost::asio::post(*io_, std::move(work));
  }
  // Returns when `work`, and all that was posted before it, has run; at once when closed. Not from the strand.
  void run_and_wait(const std::function<void()>& work) {
    std::promise<void> done;
    {
      const std::lock_guard lock(mutex_);
      if (io_ == nullptr) return;
      boost::asio::post(*io_, [&] {
        work();
        done.set_value();
      });
    }
    done.get_future().wait();
  }
  // The last work; then nothing more. Not from the strand.
  void close(const std::function<void()>& last) {
    run_and_wait(last);
    const std::lock_guard lock(mutex_);
    io_ = nullptr;
  }

 private:
  std::mutex mutex_;
  boost::asio::io_context* io_;
};

}  // namespace rmq::controller
