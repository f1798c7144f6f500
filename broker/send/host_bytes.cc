#include "broker/send/host_bytes.h"

#include <arpa/inet.h>

#include "common/base/bytes.h"
#include "common/base/net_address.h"

namespace rmq::broker {

Result<std::string> host_bytes(std::string_view address) {
  RMQ_TRY(const auto parsed, parse_address(address));
  return host_bytes(parsed.host, parsed.port);
}

Result<std::string> host_bytes(const std::string& ip, std::uint16_t port) {
  std::string bytes(16, '\0');
  if (::inet_pton(AF_INET, ip.c_str(), bytes.data()) == 1) {
    bytes.resize(4);
  } else if (::inet_pton(AF_INET6, ip.c_str(), bytes.data()) != 1) {
    return fail(ErrorKind::kInvalid, "not an IP address: " + ip);
  }
  append_be<std::int32_t>(bytes, port);
  return bytes;
}

}  // namespace rmq::broker
