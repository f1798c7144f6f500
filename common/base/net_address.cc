#include "common/base/net_address.h"

#include <charconv>

namespace rmq {

Result<NetAddress> parse_address(std::string_view text) {
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) {
    return fail(ErrorKind::kInvalid, "address must be host:port, not '" + std::string(text) + "'");
  }
  auto host = text.substr(0, colon);
  auto digits = text.substr(colon + 1);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  unsigned port = 0;
  auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (code != std::errc{} || end != digits.data() + digits.size() || port == 0 || port > 65535) {
    return fail(ErrorKind::kInvalid, "port must be 1 to 65535 in '" + std::string(text) + "'");
  }
  return NetAddress{std::string(host), static_cast<std::uint16_t>(port)};
}

Result<std::vector<NetAddress>> parse_address_list(std::string_view text) {
  std::vector<NetAddress> addresses;
  while (!text.empty()) {
    auto end = text.find(';');
    auto part = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    while (!part.empty() && part.front() == ' ') part.remove_prefix(1);
    while (!part.empty() && part.back() == ' ') part.remove_suffix(1);
    if (part.empty()) continue;
    RMQ_TRY(auto address, parse_address(part));
    addresses.push_back(std::move(address));
  }
  return addresses;
}

}  // namespace rmq
