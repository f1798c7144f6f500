// Is anybody listening there? A connect that is refused by the process's own machine proves that it is gone (the kernel
// says so), one that something in between refuses (kube-proxy, for a Service without endpoints) is a sign at best; a
// timeout proves nothing: the network may be cut.
#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <string>

namespace rmq::controller {

enum class ProbeAnswer { kListens, kRefused, kUnknown };

// Connects to `address` (host:port; a name is resolved) within `limit` and closes again. `done` runs once on `io`.
void probe_process(boost::asio::io_context& io, const std::string& address, std::chrono::milliseconds limit,
                   std::function<void(ProbeAnswer)> done);

}  // namespace rmq::controller
