// Name servers' addresses: `namesrvAddr` may hold names that stand for several machines (a headless Service), so that
// growing or shrinking the name servers needs no change at the brokers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace rmq::broker {

// Every "ip:port" that the list "host:port;host:port" stands for, sorted, each once. A name that cannot be resolved is
// left out; kUnavailable when nothing is left. Blocks on DNS.
Result<std::vector<std::string>> resolve_addresses(std::string_view list);

// Every IP that `host` (a name or an IP) stands for, sorted, each once. kUnavailable when there is none. Blocks on DNS.
Result<std::vector<std::string>> resolve_host(const std::string& host);

}  // namespace rmq::broker
