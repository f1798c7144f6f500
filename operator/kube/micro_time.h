// Kubernetes' MicroTime: RFC 3339 in UTC with six digits of a second, as Leases and Events carry it.
#pragma once

#include <cstdint>
#include <string>

namespace rmq::kube {

// "2024-05-06T07:08:09.123000Z" of milliseconds since the Unix epoch.
std::string micro_time(std::int64_t wall_ms);

}  // namespace rmq::kube
