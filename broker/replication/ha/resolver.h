// Names to addresses without being held up by DNS, which cannot be told to stop.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <vector>

#include "broker/replication/ha/waker.h"
#include "common/base/net_address.h"
#include "common/base/result.h"

namespace rmq::replication {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// All that `address` stands for, at least one. IPs are answered at once; a name is asked for on a thread of its own,
// which is left behind (it ends with the DNS timeout) when `waker` is used or the time is up. kUnavailable, kTimeout.
Result<std::vector<SocketAddress>> resolve(const NetAddress& address, const Waker& waker, std::int64_t timeout_ms);

}  // namespace rmq::replication
