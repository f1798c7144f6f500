// Hosts as stored records carry them: ip (4 or 16 bytes, network order) and port i32.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rmq::broker {

// `address` is "ip:port", as Connection::remote_address() has it. kInvalid if it isn't.
Result<std::string> host_bytes(std::string_view address);

// The same from its parts.
Result<std::string> host_bytes(const std::string& ip, std::uint16_t port);

}  // namespace rmq::broker
