#include "broker/registration/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <memory>
#include <set>

#include "common/base/net_address.h"

namespace rmq::broker {

Result<std::vector<std::string>> resolve_host(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* first = nullptr;
  if (const int code = ::getaddrinfo(host.c_str(), nullptr, &hints, &first); code != 0) {
    return fail(ErrorKind::kUnavailable, "resolve " + host + ": " + ::gai_strerror(code));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(first, &::freeaddrinfo);
  std::set<std::string> found;
  for (const auto* entry = first; entry != nullptr; entry = entry->ai_next) {
    char text[INET6_ADDRSTRLEN] = {};
    const void* ip = entry->ai_family == AF_INET
                         ? static_cast<const void*>(&reinterpret_cast<sockaddr_in*>(entry->ai_addr)->sin_addr)
                         : &reinterpret_cast<sockaddr_in6*>(entry->ai_addr)->sin6_addr;
    if (::inet_ntop(entry->ai_family, ip, text, sizeof text) != nullptr) found.insert(text);
  }
  if (found.empty()) return fail(ErrorKind::kUnavailable, "resolve " + host + ": no address");
  return std::vector<std::string>(found.begin(), found.end());
}

Result<std::vector<std::string>> resolve_addresses(std::string_view list) {
  RMQ_TRY(const auto names, parse_address_list(list));
  std::set<std::string> found;
  std::string problem = "no name server is configured";
  for (const auto& name : names) {
    auto addresses = resolve_host(name.host);
    if (!addresses) {
      problem = addresses.error().message;
      continue;
    }
    for (auto& ip : *addresses) found.insert(NetAddress{std::move(ip), name.port}.text());
  }
  if (found.empty()) return fail(ErrorKind::kUnavailable, problem);
  return std::vector<std::string>(found.begin(), found.end());
}

}  // namespace rmq::broker
