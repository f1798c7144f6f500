// Sockets of the HA port: never blocking, so that a thread can be woken whatever its peer does.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "broker/replication/ha/waker.h"
#include "common/base/file.h"
#include "common/base/host_resolver.h"
#include "common/base/result.h"

namespace rmq::replication {

struct Readiness {
  bool readable = false;  // also: closed or failed, which the next read tells
  bool writable = false;
  bool woken = false;  // and drained
};

// Waits for the socket (fd may be -1), the waker or the timeout, whatever comes first. A negative timeout waits for
// ever.
Readiness wait_ready(int fd, bool for_write, const Waker& waker, std::int64_t timeout_ms);

// A connected stream. Not thread-safe.
class Socket {
 public:
  Socket() = default;
  // Takes an accepted descriptor: sets TCP_NODELAY and keepalive (a dead peer is noticed within about 15 s).
  explicit Socket(UniqueFd fd);

  // kUnavailable: refused, unreachable, not resolvable, or `waker` was used; kTimeout.
  static Result<Socket> connect(const std::string& address, HostResolver& resolver, const Waker& waker,
                                std::int64_t timeout_ms);

  // How many bytes; 0: it would block. kUnavailable: closed or reset by the peer.
  Result<std::size_t> read(char* to, std::size_t size);
  Result<std::size_t> write(std::span<const iovec> parts, bool more_follows = false);
  Result<std::size_t> send_file(int file, std::uint64_t offset, std::size_t size);

  int fd() const { return fd_.get(); }
  explicit operator bool() const { return static_cast<bool>(fd_); }
  void close() { fd_.reset(); }
  const std::string& peer() const { return peer_; }  // "ip:port"

 private:
  UniqueFd fd_;
  std::string peer_;
};

// kUnavailable: the port is taken. Port 0: any.
Result<UniqueFd> listen_on(const std::string& host, std::uint16_t port);
Result<std::uint16_t> local_port(int fd);

}  // namespace rmq::replication
