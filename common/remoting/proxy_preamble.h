// The PROXY protocol's preamble (versions 1 and 2), which a load balancer sends before the first byte of the client.
// Source: haproxy.org, "The PROXY protocol", versions 1 & 2.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rmq::remoting {

struct ProxyPreamble {
  enum class State { kNone, kIncomplete, kComplete };
  State state = State::kNone;
  std::size_t length = 0;  // bytes to strip, when complete
  std::string source;      // "ip:port"; empty when the preamble names none (LOCAL, UNKNOWN)
};

// The longest preamble that is accepted.
inline constexpr std::size_t kMaxProxyPreamble = 536;

// Looks at the first bytes of a connection. kNone: they start no preamble. kInvalid: they start a broken one.
Result<ProxyPreamble> parse_proxy_preamble(std::string_view bytes);

}  // namespace rmq::remoting
