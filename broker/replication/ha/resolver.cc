#include "broker/replication/ha/resolver.h"

#include <netdb.h>

#include <cstring>
#include <memory>
#include <mutex>
#include <optional>

#include "broker/replication/ha/socket.h"

namespace rmq::replication {
namespace {

Result<SocketAddress> socket_address(const std::string& ip, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  addrinfo* first = nullptr;
  if (const int code = ::getaddrinfo(ip.c_str(), std::to_string(port).c_str(), &hints, &first); code != 0) {
    return fail(ErrorKind::kUnavailable, "resolve " + ip + ": " + ::gai_strerror(code));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(first, &::freeaddrinfo);
  SocketAddress address;
  std::memcpy(&address.storage, first->ai_addr, first->ai_addrlen);
  address.size = first->ai_addrlen;
  return address;
}

struct Question {
  std::mutex mutex;
  std::optional<HostResolver::Addresses> answer;
  Waker answered;
};

}  // namespace

Result<std::vector<SocketAddress>> resolve(HostResolver& resolver, const NetAddress& name, const Waker& waker,
                                           std::int64_t timeout_ms) {
  auto question = std::make_shared<Question>();
  resolver.resolve(name.host, [question](const HostResolver::Addresses& answer) {
    std::lock_guard lock(question->mutex);
    question->answer = answer;
    question->answered.wake();
  });
  // The answer's waker stands in the socket's place.
  const auto ready = wait_ready(question->answered.fd(), false, waker, timeout_ms);
  std::lock_guard lock(question->mutex);
  if (!question->answer) {
    if (ready.woken) return fail(ErrorKind::kUnavailable, "resolve " + name.host + ": given up");
    return fail(ErrorKind::kTimeout, "resolve " + name.host + ": no answer in time");
  }
  RMQ_TRY(const auto ips, *std::move(question->answer));
  std::vector<SocketAddress> found;
  found.reserve(ips.size());
  for (const auto& ip : ips) {
    RMQ_TRY(found.emplace_back(), socket_address(ip, name.port));
  }
  return found;
}

}  // namespace rmq::replication
