// What the client needs of HTTP: exchanges with one server, their bodies delivered as they arrive.
// http_transport.h implements it over TLS sockets; tests implement it with scripts.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "operator/kube/credentials.h"

namespace rmq::kube {

struct HttpRequest {
  std::string method = "GET";
  std::string target;  // path and query, without the server's base path
  std::string content_type;
  std::string body;
  std::string authorization;                      // the whole header's value; filled in by ApiServer
  std::chrono::milliseconds timeout{30'000};      // connect to end of answer; of a stream: to the answer's head
  std::chrono::milliseconds idle_timeout{0};      // not 0: a stream, which ends with kTimeout after this much silence
  std::size_t max_body_bytes = 64 * 1024 * 1024;  // of the answer; streams have no limit
};

struct HttpHead {
  int status = 0;
  std::chrono::seconds retry_after{0};  // 0: not given, or given as a date
};

// All run on the event loop's thread (on_end on the caller's, before start() returns, once the loop is gone). on_end
// runs exactly once, last, whatever happens (also after cancel and close): success when the whole answer arrived, of
// whatever HTTP status.
struct ExchangeHandlers {
  std::function<void(const HttpHead&)> on_head;
  std::function<bool(std::string_view)> on_body;  // false ends the exchange with kUnavailable
  std::function<void(Status)> on_end;
};

class Transport {
 public:
  virtual ~Transport() = default;
  // Any thread.
  virtual std::uint64_t start(HttpRequest request, ExchangeHandlers handlers) = 0;
  // Any thread; nothing happens if the exchange has ended.
  virtual void cancel(std::uint64_t id) = 0;
  // Any thread. For connections made from now on; kept ones are not used again.
  virtual Status set_tls(const TlsMaterial& material) = 0;
  // Any thread. Ends all exchanges and refuses new ones with kUnavailable.
  virtual void close() = 0;
};

}  // namespace rmq::kube
