#include "common/remoting/io_pool.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <boost/asio.hpp>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

namespace rmq::remoting {

namespace asio = boost::asio;

struct IoPool::Impl {
  struct Loop {
    asio::io_context io{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard{io.get_executor()};
    std::unique_ptr<char[]> read_buffer{new char[kReadBufferBytes]};  // untouched pages cost nothing
    std::thread thread;
  };
  std::vector<std::unique_ptr<Loop>> loops;
  std::atomic<std::size_t> next{0};
};

IoPool::IoPool(std::size_t threads) : impl_(std::make_unique<Impl>()) {
  if (threads == 0) threads = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, 16);
  for (std::size_t i = 0; i < threads; ++i) impl_->loops.push_back(std::make_unique<Impl::Loop>());
  // Signals belong to main().
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  for (std::size_t i = 0; i < threads; ++i) {
    auto& loop = *impl_->loops[i];
    loop.thread = std::thread([&loop] { loop.io.run(); });
    pthread_setname_np(loop.thread.native_handle(), ("io-" + std::to_string(i)).c_str());
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

IoPool::~IoPool() {
  stop();
}

std::size_t IoPool::size() const {
  return impl_->loops.size();
}
asio::io_context& IoPool::at(std::size_t index) {
  return impl_->loops[index]->io;
}
std::size_t IoPool::next_index() {
  return impl_->next.fetch_add(1, std::memory_order_relaxed) % size();
}
char* IoPool::read_buffer(std::size_t index) {
  return impl_->loops[index]->read_buffer.get();
}

std::size_t IoPool::current() const {
  for (std::size_t i = 0; i < size(); ++i) {
    if (impl_->loops[i]->thread.get_id() == std::this_thread::get_id()) return i;
  }
  return size();
}

void IoPool::stop() {
  for (auto& loop : impl_->loops) {
    loop->guard.reset();
    loop->io.stop();
  }
  for (auto& loop : impl_->loops) {
    if (loop->thread.joinable()) loop->thread.join();
  }
}

}  // namespace rmq::remoting
