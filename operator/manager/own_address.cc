#include "operator/manager/own_address.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <memory>

namespace rmq::operator_ {
namespace {

bool is_loopback(const std::string& ip) {
  return ip.empty() || ip.starts_with("127.") || ip == "::1" || ip == "0.0.0.0" || ip == "::";
}

std::string to_text(const sockaddr* address, socklen_t size) {
  std::array<char, NI_MAXHOST> text{};
  if (::getnameinfo(address, size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST) != 0) return {};
  return text.data();
}

// A datagram socket that is connected sends nothing, but the kernel chooses the way.
std::string towards(const std::string& peer, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  if (::getaddrinfo(peer.c_str(), std::to_string(port).c_str(), &hints, &list) != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  for (const auto* at = list; at != nullptr; at = at->ai_next) {
    const int fd = ::socket(at->ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) continue;
    sockaddr_storage own{};
    socklen_t size = sizeof own;
    std::string text;
    if (::connect(fd, at->ai_addr, at->ai_addrlen) == 0 &&
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&own), &size) == 0) {
      text = to_text(reinterpret_cast<const sockaddr*>(&own), size);
    }
    ::close(fd);
    if (!is_loopback(text)) return text;
  }
  return {};
}

std::string any_interface() {
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(list, &::freeifaddrs);
  for (const auto* at = list; at != nullptr; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || at->ifa_addr->sa_family != AF_INET || (at->ifa_flags & IFF_UP) == 0) continue;
    auto text = to_text(at->ifa_addr, sizeof(sockaddr_in));
    if (!is_loopback(text) && !text.starts_with("169.254.")) return text;
  }
  return {};
}

}  // namespace

std::string own_address(const std::string& configured, const std::string& peer, std::uint16_t peer_port) {
  if (!configured.empty()) return configured;
  if (const char* pod = std::getenv("POD_IP"); pod != nullptr && *pod != '\0') return pod;
  auto address = towards(peer, peer_port);
  return address.empty() ? any_interface() : address;
}

}  // namespace rmq::operator_
