#include "operator/kube/event_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <unordered_map>

#include "common/base/log.h"

namespace rmq::kube {

namespace asio = boost::asio;

struct EventLoop::Impl : std::enable_shared_from_this<Impl> {
  asio::io_context io{1};
  // Keeps tasks in the order of their posting, whichever threads posted them; io_context alone does not.
  asio::strand<asio::io_context::executor_type> tasks{io.get_executor()};
  std::unordered_map<std::uint64_t, std::unique_ptr<asio::steady_timer>> timers;  // loop thread only
  std::atomic<std::uint64_t> next_timer{1};
  std::atomic<bool> stopping{false};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  std::thread thread;
  std::thread::id thread_id;
  std::shared_mutex gate;  // what passed it before `shut` was set is run before the thread ends
  bool shut = false;

  void run() {
    // A callback that throws is a bug, but it must not take the operator down with it.
    for (;;) {
      try {
        io.run();
        return;
      } catch (const std::exception& error) {
        log::error("event loop: a callback threw", {{"error", error.what()}});
      }
    }
  }

  void arm(std::uint64_t id, std::chrono::milliseconds delay, std::function<void()> task) {
    if (stopping) return;
    auto timer = std::make_unique<asio::steady_timer>(io, delay);
    timer->async_wait([this, id, task = std::move(task)](const boost::system::error_code& error) {
      if (error || timers.erase(id) == 0) return;
      task();
    });
    timers.emplace(id, std::move(timer));
  }
};

EventLoop::EventLoop() : impl_(std::make_shared<Impl>()) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->run(); });
  impl_->thread_id = impl_->thread.get_id();
}

EventLoop::~EventLoop() {
  shut_down();
}

bool EventLoop::post(std::function<void()> task) {
  std::shared_lock lock(impl_->gate);
  if (impl_->shut) return false;
  asio::post(impl_->tasks, std::move(task));
  return true;
}

void EventLoop::run_and_wait(const std::function<void()>& task) {
  struct Done {
    std::mutex mutex;
    std::condition_variable changed;
    bool value = false;
  };
  auto done = std::make_shared<Done>();
  {
    std::shared_lock lock(impl_->gate);
    if (impl_->shut) return;
    asio::post(impl_->tasks, [task, done] {
      task();
      std::lock_guard done_lock(done->mutex);
      done->value = true;
      done->changed.notify_all();
    });
  }
  std::unique_lock lock(done->mutex);
  done->changed.wait(lock, [&] { return done->value; });
}

std::uint64_t EventLoop::run_after(std::chrono::milliseconds delay, std::function<void()> task) {
  const auto id = impl_->next_timer++;
  if (on_loop_thread()) {
    impl_->arm(id, delay, std::move(task));
  } else {
    post([impl = impl_.get(), id, delay, task = std::move(task)]() mutable { impl->arm(id, delay, std::move(task)); });
  }
  return id;
}

void EventLoop::cancel_timer(std::uint64_t id) {
  if (on_loop_thread()) {
    impl_->timers.erase(id);
  } else {
    post([impl = impl_.get(), id] { impl->timers.erase(id); });
  }
}

bool EventLoop::on_loop_thread() const {
  return std::this_thread::get_id() == impl_->thread_id;
}

void EventLoop::shut_down() {
  {
    std::unique_lock lock(impl_->gate);
    if (impl_->shut) return;
    impl_->shut = true;
    asio::post(impl_->tasks, [impl = impl_.get()] {
      impl->stopping = true;
      impl->timers.clear();
      impl->work.reset();
    });
  }
  impl_->thread.join();
}

boost::asio::io_context& EventLoop::io() {
  return impl_->io;
}

}  // namespace rmq::kube
