#include "broker/send/host_bytes.h"

#include <arpa/inet.h>

#include "common/base/bytes.h"
#include "common/base/net_address.h"

namespace rmq::broker {

Result<std::string> host_bytes(std::string_view address) {
  RMQ_TRY(auto parsed, parse_address(address));
  std::string bytes(16, '\0');
  if (::inet_pton(AF_INET, parsed.host.c_str(), bytes.data()) == 1) {
    bytes.resize(4);
  } else if (::inet_pton(AF_INET6, parsed.host.c_str(), bytes.data()) != 1) {
    return fail(ErrorKind::kInvalid, "not an IP address: " + parsed.host);
  }
  append_be<std::int32_t>(bytes, parsed.port);
  return bytes;
}

}  // namespace rmq::broker
