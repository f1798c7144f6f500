#include "broker/replication/ha/acceptor.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "common/base/log.h"

namespace rmq::replication {

Acceptor::~Acceptor() {
  stop();
}

Status Acceptor::start(const std::string& host, std::uint16_t port, std::function<void(Socket)> on_connection) {
  RMQ_TRY(listener_, listen_on(host, port));
  RMQ_TRY(port_, local_port(listener_.get()));
  on_connection_ = std::move(on_connection);
  thread_ = std::thread([this] { run(); });
  return {};
}

void Acceptor::stop() {
  stopping_.store(true, std::memory_order_release);
  waker_.wake();
  if (thread_.joinable()) thread_.join();
  listener_.reset();
}

void Acceptor::run() {
  constexpr std::int64_t kPauseMs = 100;
  bool complained = false;
  while (!stopping_.load(std::memory_order_acquire)) {
    (void)wait_ready(listener_.get(), false, waker_, -1);
    UniqueFd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      complained = false;
      on_connection_(Socket(std::move(fd)));
      continue;
    }
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED) continue;
    // Out of descriptors or memory: the connection stays in the queue, so poll() would return at once.
    if (!std::exchange(complained, true)) log::warn("replication: cannot accept connections", {{"errno", errno}});
    (void)wait_ready(-1, false, waker_, kPauseMs);
  }
}

}  // namespace rmq::replication
