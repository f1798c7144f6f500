#include "broker/replication/ha/resolver.h"

#include <netdb.h>

#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "broker/replication/ha/socket.h"

namespace rmq::replication {
namespace {

Result<std::vector<SocketAddress>> look_up(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* first = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &first); code != 0) {
    return fail(ErrorKind::kUnavailable, "resolve " + host + ": " + ::gai_strerror(code));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(first, &::freeaddrinfo);
  std::vector<SocketAddress> found;
  for (const auto* entry = first; entry != nullptr; entry = entry->ai_next) {
    SocketAddress address;
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    address.size = entry->ai_addrlen;
    found.push_back(address);
  }
  if (found.empty()) return fail(ErrorKind::kUnavailable, "resolve " + host + ": no address");
  return found;
}

struct Question {
  std::mutex mutex;
  std::optional<Result<std::vector<SocketAddress>>> answer;
  Waker answered;
};

}  // namespace

Result<std::vector<SocketAddress>> resolve(const NetAddress& name, const Waker& waker, std::int64_t timeout_ms) {
  if (auto numeric = look_up(name.host, name.port, AI_NUMERICHOST)) return numeric;
  auto question = std::make_shared<Question>();
  std::thread([question, name] {
    auto answer = look_up(name.host, name.port, 0);
    std::lock_guard lock(question->mutex);
    question->answer = std::move(answer);
    question->answered.wake();
  }).detach();
  // The answer's waker stands in the socket's place.
  const auto ready = wait_ready(question->answered.fd(), false, waker, timeout_ms);
  std::lock_guard lock(question->mutex);
  if (question->answer) return *std::move(question->answer);
  if (ready.woken) return fail(ErrorKind::kUnavailable, "resolve " + name.host + ": given up");
  return fail(ErrorKind::kTimeout, "resolve " + name.host + ": no answer in time");
}

}  // namespace rmq::replication
