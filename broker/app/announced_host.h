// The address that goes into stored records and message ids: brokerIP1 may be a name (the per-pod Service), records
// carry an IP.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "common/base/result.h"

namespace rmq::broker {

// ip and port bytes of `host`. A name is looked up until it resolves, at most `limit`: the Service of a new pod may
// take a moment to appear in DNS.
Result<std::string> announced_host(const std::string& host, std::uint16_t port, std::chrono::seconds limit);

}  // namespace rmq::broker
