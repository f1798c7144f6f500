// One API server as we reach it: its transport, our credentials, the event loop. Client, Informer and EventRecorder
// share one. Thread-safe.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "operator/kube/config.h"
#include "operator/kube/credentials.h"
#include "operator/kube/event_loop.h"
#include "operator/kube/transport.h"

namespace rmq::kube {

struct HttpAnswer {
  int status = 0;
  std::chrono::seconds retry_after{0};
  std::string body;
};

class ApiServer {
 public:
  // Reads the credentials; does not connect yet. The clock must outlive it.
  static Result<std::unique_ptr<ApiServer>> create(const ClientConfig& config, const Clock& clock,
                                                   std::string user_agent = "rocketmq-operator");
  // For tests: over a transport of their own, made for the given loop.
  ApiServer(std::unique_ptr<EventLoop> loop, std::unique_ptr<Transport> transport, ClientConfig config,
            const Clock& clock);
  ~ApiServer();

  // One request and its whole answer, of whatever HTTP status. Blocks; kInternal on the loop's thread. Retried: once
  // after 401 with credentials read anew; up to kMaxRetries times after 429, or 5xx with Retry-After, as the server
  // asks, within the request's timeout each and kMaxWait in between.
  Result<HttpAnswer> call(const HttpRequest& request);

  // As Transport::start, with credentials. Not retried.
  std::uint64_t start(HttpRequest request, ExchangeHandlers handlers);
  void cancel(std::uint64_t id) { transport_->cancel(id); }

  // Ends everything under way, calls that wait included, and joins the loop. Not from the loop's thread. Idempotent.
  void close();

  EventLoop& loop() { return *loop_; }
  const Clock& clock() const { return clock_; }
  const std::string& default_namespace() const { return config_.ns; }

  static constexpr int kMaxRetries = 3;
  static constexpr std::chrono::seconds kMaxWait{10};

 private:
  Result<HttpAnswer> call_once(const HttpRequest& request);
  // False when closed meanwhile.
  bool wait(std::chrono::milliseconds delay);

  const ClientConfig config_;
  const Clock& clock_;
  Credentials credentials_;
  std::unique_ptr<EventLoop> loop_;
  std::unique_ptr<Transport> transport_;  // before the loop goes, it goes
  std::mutex mutex_;
  std::condition_variable closed_changed_;
  bool closed_ = false;
  std::uint64_t tls_generation_ = 0;
};

}  // namespace rmq::kube
