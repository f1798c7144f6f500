// Names to socket addresses for a thread that sleeps on its waker.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <vector>

#include "broker/replication/ha/waker.h"
#include "common/base/host_resolver.h"
#include "common/base/net_address.h"
#include "common/base/result.h"

namespace rmq::replication {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// All that `address` stands for, at least one; given up when `waker` is used. kUnavailable, kTimeout.
Result<std::vector<SocketAddress>> resolve(HostResolver& resolver, const NetAddress& address, const Waker& waker,
                                           std::int64_t timeout_ms);

}  // namespace rmq::replication
