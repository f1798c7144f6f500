// HTTP/1.1 over TLS to one API server, on the event loop's thread. Connections are kept and used again; a kept one that
// turns out dead before any byte of the answer came is replaced once, unseen by the caller (never under a POST that
// may have been carried out: those take a connection that was used just now, or a new one).
// The only file that includes Beast is http_transport.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "operator/kube/event_loop.h"
#include "operator/kube/transport.h"

namespace rmq::kube {

struct HttpTransportOptions {
  std::string host;
  std::uint16_t port = 443;
  std::string base_path;
  std::string server_name;  // expected in the certificate; "": host
  std::string user_agent = "rocketmq-operator";
  std::size_t max_exchanges = 128;  // at a time, streams included; more end with kFull
  std::size_t max_idle_connections = 4;
  std::chrono::milliseconds idle_connection_lifetime{60'000};
  std::chrono::milliseconds connect_timeout{10'000};  // name look-up, TCP and TLS together
};

// set_tls() comes before the first start(). The loop must outlive it.
std::unique_ptr<Transport> make_http_transport(EventLoop& loop, HttpTransportOptions options);

}  // namespace rmq::kube
