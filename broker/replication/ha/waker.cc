#include "broker/replication/ha/waker.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "common/base/log.h"

namespace rmq::replication {

Waker::Waker() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (fd_) return;
  log::error("eventfd failed", {{"errno", errno}});
  std::abort();
}

void Waker::wake() const {
  const std::uint64_t one = 1;
  // Fails only when it is signalled 2^64 times already.
  while (::write(fd_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void Waker::drain() const {
  std::uint64_t count = 0;
  while (::read(fd_.get(), &count, sizeof count) < 0 && errno == EINTR) {
  }
}

}  // namespace rmq::replication
