// "host:port" as the protocol spells addresses; IPv6 hosts stand in brackets or bare before the last colon.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace rmq {

struct NetAddress {
  std::string host;
  std::uint16_t port = 0;

  std::string text() const { return host + ":" + std::to_string(port); }
  bool operator==(const NetAddress&) const = default;
};

Result<NetAddress> parse_address(std::string_view text);

// "a:1;b:2", as namesrvAddr has it. Blank parts are skipped.
Result<std::vector<NetAddress>> parse_address_list(std::string_view text);

}  // namespace rmq
