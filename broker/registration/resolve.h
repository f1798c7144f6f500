// Name servers' addresses: `namesrvAddr` may hold names that stand for several machines (a headless Service), so that
// growing or shrinking the name servers needs no change at the brokers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/host_resolver.h"
#include "common/base/result.h"

namespace rmq::broker {

// Every "ip:port" that the list "host:port;host:port" stands for, sorted, each once. A name that cannot be resolved is
// left out; kUnavailable when nothing is left. Waits for DNS, but no longer than two seconds a name.
Result<std::vector<std::string>> resolve_addresses(HostResolver& resolver, std::string_view list);

}  // namespace rmq::broker
