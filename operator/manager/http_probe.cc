#include "operator/manager/http_probe.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <memory>

#include "common/base/file.h"
#include "common/base/net_address.h"

namespace rmq::operator_ {
namespace {

Result<UniqueFd> connect_to(const NetAddress& address, std::chrono::seconds limit) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const auto port = std::to_string(address.port);
  if (int error = ::getaddrinfo(address.host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return fail(ErrorKind::kUnavailable, address.host + ": " + ::gai_strerror(error));
  }
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);
  const timeval timeout{.tv_sec = limit.count(), .tv_usec = 0};
  for (const auto* each = found; each != nullptr; each = each->ai_next) {
    UniqueFd fd(::socket(each->ai_family, each->ai_socktype | SOCK_CLOEXEC, each->ai_protocol));
    if (!fd) continue;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    if (::connect(fd.get(), each->ai_addr, each->ai_addrlen) == 0) return fd;
  }
  return fail_errno("connect to " + address.text(), errno);
}

}  // namespace

Status probe(const std::string& url, std::chrono::seconds limit) {
  constexpr std::string_view kScheme = "http://";
  if (!url.starts_with(kScheme)) return fail(ErrorKind::kInvalid, "not an http:// URL: " + url);
  auto rest = url.substr(kScheme.size());
  auto slash = rest.find('/');
  const auto path = slash == std::string::npos ? "/" : rest.substr(slash);
  auto authority = rest.substr(0, slash);
  if (authority.find(':') == std::string::npos) authority += ":80";
  RMQ_TRY(auto address, parse_address(authority));
  RMQ_TRY(auto fd, connect_to(address, limit));
  const auto request = "GET " + path + " HTTP/1.1\r\nHost: " + authority + "\r\nConnection: close\r\n\r\n";
  if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size())) {
    return fail_errno("send to " + authority, errno);
  }
  std::string answer;
  std::array<char, 4096> buffer{};
  while (answer.size() < buffer.size()) {
    const auto count = ::recv(fd.get(), buffer.data(), buffer.size(), 0);
    if (count < 0) return fail_errno("receive from " + authority, errno);
    if (count == 0) break;
    answer.append(buffer.data(), static_cast<std::size_t>(count));
  }
  if (answer.starts_with("HTTP/1.1 200") || answer.starts_with("HTTP/1.0 200")) return {};
  return fail(ErrorKind::kUnavailable, url + " answered: " + answer.substr(0, answer.find("\r\n")));
}

}  // namespace rmq::operator_
