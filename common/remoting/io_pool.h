// The threads that all sockets live on: one event loop a thread.
#pragma once

#include <cstddef>
#include <memory>

namespace boost::asio {
class io_context;
}

namespace rmq::remoting {

class IoPool {
 public:
  // threads == 0: one a processor, at most 16.
  explicit IoPool(std::size_t threads = 0);
  ~IoPool();  // stops
  IoPool(const IoPool&) = delete;
  IoPool& operator=(const IoPool&) = delete;

  std::size_t size() const;
  boost::asio::io_context& at(std::size_t index);
  std::size_t next_index();  // round robin; thread-safe
  // Scratch memory that all connections of one thread read into, so that an idle connection holds none.
  static constexpr std::size_t kReadBufferBytes = 256 * 1024;
  char* read_buffer(std::size_t index);
  // Index of the pool thread that calls, or size() from any other thread.
  std::size_t current() const;
  // Ends the loops and joins the threads. Servers and clients on this pool must be stopped before.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rmq::remoting
