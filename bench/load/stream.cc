#include "bench/load/stream.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>

#include "common/base/net_address.h"

namespace rmq::bench {
namespace {

constexpr std::size_t kReadBytes = 512 * 1024;

}  // namespace

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Result<Stream> Stream::connect(const std::string& address) {
  RMQ_TRY(auto parsed, parse_address(address));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int code = ::getaddrinfo(parsed.host.c_str(), std::to_string(parsed.port).c_str(), &hints, &found);
      code != 0) {
    return fail(ErrorKind::kUnavailable, "resolve " + address + ": " + ::gai_strerror(code));
  }
  Stream stream;
  stream.fd_ = UniqueFd(::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int connected = ::connect(stream.fd(), found->ai_addr, found->ai_addrlen);
  ::freeaddrinfo(found);
  if (connected != 0) return fail_errno("connect to " + address, errno);
  const int one = 1;
  ::setsockopt(stream.fd(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  ::fcntl(stream.fd(), F_SETFL, ::fcntl(stream.fd(), F_GETFL) | O_NONBLOCK);
  return stream;
}

Status Stream::flush() {
  while (sent_ < out_.size()) {
    const auto wrote = ::send(fd(), out_.data() + sent_, out_.size() - sent_, MSG_NOSIGNAL);
    if (wrote < 0) {
      if (errno == EAGAIN || errno == EINTR) return {};
      return fail_errno("send", errno);
    }
    sent_ += static_cast<std::size_t>(wrote);
  }
  out_.clear();
  sent_ = 0;
  return {};
}

Status Stream::read(const std::function<Status(const protocol::CommandView&)>& on_frame) {
  if (in_.size() < used_ + kReadBytes) in_.resize(used_ + kReadBytes);
  const auto got = ::recv(fd(), in_.data() + used_, in_.size() - used_, 0);
  if (got == 0) return fail(ErrorKind::kUnavailable, "the server closed the connection");
  if (got < 0) {
    if (errno == EAGAIN || errno == EINTR) return {};
    return fail_errno("receive", errno);
  }
  used_ += static_cast<std::size_t>(got);
  std::string_view bytes(in_.data(), used_);
  while (true) {
    RMQ_TRY(const auto length, protocol::frame_length(bytes, 256 * 1024 * 1024));
    if (length == 0 || length > bytes.size()) break;
    RMQ_TRY(const auto* frame, decoder_.decode(bytes.substr(0, length)));
    RMQ_CHECK_OK(on_frame(*frame));
    bytes.remove_prefix(length);
  }
  std::memmove(in_.data(), bytes.data(), bytes.size());
  used_ = bytes.size();
  return {};
}

Result<protocol::Command> Stream::ask(protocol::Command request, int timeout_ms) {
  protocol::encode(request, out_);
  std::optional<protocol::Command> answer;
  const auto deadline = now_ns() + timeout_ms * 1'000'000LL;
  while (!answer) {
    RMQ_CHECK_OK(flush());
    const auto left_ms = (deadline - now_ns()) / 1'000'000;
    if (left_ms <= 0) return fail(ErrorKind::kTimeout, "no answer");
    pollfd waiter{fd(), static_cast<short>(POLLIN | (wants_write() ? POLLOUT : 0)), 0};
    ::poll(&waiter, 1, static_cast<int>(left_ms));
    if ((waiter.revents & ~POLLOUT) == 0) continue;
    RMQ_CHECK_OK(read([&](const protocol::CommandView& frame) -> Status {
      if (frame.is_response() && frame.opaque == request.opaque) answer = protocol::Command::from(frame);
      return {};
    }));
  }
  return std::move(*answer);
}

}  // namespace rmq::bench
