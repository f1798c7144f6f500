#include "broker/replication/ha/socket.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

#include "broker/replication/ha/resolver.h"
#include "common/base/net_address.h"

namespace rmq::replication {
namespace {

void set_option(int fd, int level, int option, int value) {
  // Where the kernel lacks one, the connection only works less well.
  (void)::setsockopt(fd, level, option, &value, sizeof value);
}

bool would_block(int error) {
  return error == EAGAIN || error == EWOULDBLOCK;
}

tl::unexpected<Error> connection_lost(std::string_view what, int error) {
  auto failed = fail_errno(what, error);
  return fail(ErrorKind::kUnavailable, std::move(failed.value().message));
}

std::string text_of(const sockaddr_storage& address) {
  char host[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, host, sizeof host);
    return NetAddress{host, ntohs(v4.sin_port)}.text();
  }
  const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
  ::inet_ntop(AF_INET6, &v6.sin6_addr, host, sizeof host);
  return NetAddress{host, ntohs(v6.sin6_port)}.text();
}

Result<Socket> connect_to(const SocketAddress& address, const Waker& waker, std::int64_t timeout_ms) {
  UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno("socket", errno);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0) {
    if (errno != EINPROGRESS) return connection_lost("connect", errno);
    const auto ready = wait_ready(fd.get(), true, waker, timeout_ms);
    if (ready.woken) return fail(ErrorKind::kUnavailable, "connect: given up");
    if (!ready.writable && !ready.readable) return fail(ErrorKind::kTimeout, "connect: no answer in time");
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
    if (error != 0) return connection_lost("connect", error);
  }
  return Socket(std::move(fd));
}

}  // namespace

Readiness wait_ready(int fd, bool for_write, const Waker& waker, std::int64_t timeout_ms) {
  pollfd fds[2] = {{waker.fd(), POLLIN, 0}, {fd, static_cast<short>(POLLIN | (for_write ? POLLOUT : 0)), 0}};
  const auto timeout = static_cast<int>(std::clamp<std::int64_t>(timeout_ms, -1, INT_MAX));
  Readiness ready;
  if (::poll(fds, 2, timeout) <= 0) return ready;  // interrupted: the callers loop anyway
  ready.woken = (fds[0].revents & POLLIN) != 0;
  if (ready.woken) waker.drain();
  ready.readable = (fds[1].revents & (POLLIN | POLLHUP | POLLERR)) != 0;
  ready.writable = (fds[1].revents & POLLOUT) != 0;
  return ready;
}

Socket::Socket(UniqueFd fd) : fd_(std::move(fd)) {
  set_option(fd_.get(), IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(fd_.get(), SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(fd_.get(), IPPROTO_TCP, TCP_KEEPIDLE, 5);
  set_option(fd_.get(), IPPROTO_TCP, TCP_KEEPINTVL, 3);
  set_option(fd_.get(), IPPROTO_TCP, TCP_KEEPCNT, 3);
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(fd_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0) peer_ = text_of(address);
}

Result<Socket> Socket::connect(const std::string& address, HostResolver& resolver, const Waker& waker,
                               std::int64_t timeout_ms) {
  RMQ_TRY(const auto name, parse_address(address));
  RMQ_TRY(const auto addresses, resolve(resolver, name, waker, timeout_ms));
  Result<Socket> last = fail(ErrorKind::kUnavailable, "no address");
  for (const auto& candidate : addresses) {
    last = connect_to(candidate, waker, timeout_ms);
    if (last) break;
  }
  return last;
}

Result<std::size_t> Socket::read(char* to, std::size_t size) {
  while (true) {
    const auto got = ::recv(fd_.get(), to, size, 0);
    if (got > 0) return static_cast<std::size_t>(got);
    if (got == 0) return fail(ErrorKind::kUnavailable, "closed by the peer");
    if (would_block(errno)) return std::size_t{0};
    if (errno != EINTR) return connection_lost("read", errno);
  }
}

Result<std::size_t> Socket::write(std::span<const iovec> parts, bool more_follows) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(parts.data());
  message.msg_iovlen = parts.size();
  while (true) {
    const auto sent = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL | (more_follows ? MSG_MORE : 0));
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (would_block(errno)) return std::size_t{0};
    if (errno != EINTR) return connection_lost("write", errno);
  }
}

Result<std::size_t> Socket::send_file(int file, std::uint64_t offset, std::size_t size) {
  auto position = static_cast<off_t>(offset);
  while (true) {
    const auto sent = ::sendfile(fd_.get(), file, &position, size);
    if (sent > 0) return static_cast<std::size_t>(sent);
    if (sent == 0) return fail(ErrorKind::kIo, "sendfile: the file is shorter than it was");
    if (would_block(errno)) return std::size_t{0};
    if (errno == EIO) return fail_errno("sendfile", errno);
    if (errno != EINTR) return connection_lost("sendfile", errno);
  }
}

Result<UniqueFd> listen_on(const std::string& host, std::uint16_t port) {
  HostResolver resolver;
  const Waker never;
  RMQ_TRY(const auto addresses, resolve(resolver, NetAddress{host, port}, never, 5'000));
  const auto& address = addresses.front();
  UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno("socket", errno);
  set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0 ||
      ::listen(fd.get(), 64) != 0) {
    return connection_lost("listen on " + NetAddress{host, port}.text(), errno);
  }
  return fd;
}

Result<std::uint16_t> local_port(int fd) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return fail_errno("getsockname", errno);
  return ntohs(address.ss_family == AF_INET ? reinterpret_cast<sockaddr_in&>(address).sin_port
                                            : reinterpret_cast<sockaddr_in6&>(address).sin6_port);
}

}  // namespace rmq::replication
