#include "operator/kube/api_server.h"

#include <algorithm>

#include "common/base/log.h"
#include "operator/kube/http_transport.h"

namespace rmq::kube {
namespace {

// What a caller that waits and the loop share; the loop may hold it longer.
struct Waiter {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
  HttpAnswer answer;
  Status status;
};

bool should_retry(const HttpAnswer& answer) {
  return answer.status == 429 || (answer.status >= 500 && answer.retry_after.count() > 0);
}

}  // namespace

Result<std::unique_ptr<ApiServer>> ApiServer::create(const ClientConfig& config, const Clock& clock,
                                                     std::string user_agent) {
  HttpTransportOptions options;
  options.host = config.host;
  options.port = config.port;
  options.base_path = config.base_path;
  options.server_name = config.server_name;
  options.user_agent = std::move(user_agent);
  auto loop = std::make_unique<EventLoop>();
  auto transport = make_http_transport(*loop, std::move(options));
  auto server = std::make_unique<ApiServer>(std::move(loop), std::move(transport), config, clock);
  RMQ_TRY(const auto state, server->credentials_.current());
  RMQ_CHECK_OK(server->transport_->set_tls(state.tls));
  server->tls_generation_ = state.tls_generation;
  return server;
}

ApiServer::ApiServer(std::unique_ptr<EventLoop> loop, std::unique_ptr<Transport> transport, ClientConfig config,
                     const Clock& clock)
    : config_(config),
      clock_(clock),
      credentials_(std::move(config), clock),
      loop_(std::move(loop)),
      transport_(std::move(transport)) {}

ApiServer::~ApiServer() {
  close();
}

void ApiServer::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  closed_changed_.notify_all();
  transport_->close();
  loop_->shut_down();
}

bool ApiServer::wait(std::chrono::milliseconds delay) {
  std::unique_lock lock(mutex_);
  return !closed_changed_.wait_for(lock, delay, [this] { return closed_; });
}

std::uint64_t ApiServer::start(HttpRequest request, ExchangeHandlers handlers) {
  auto state = credentials_.current();
  if (state) {
    std::lock_guard lock(mutex_);
    if (state->tls_generation > tls_generation_ && tls_generation_ != 0) {
      // Certificate and key are replaced one after the other: what does not fit together is tried again when it
      // changes.
      tls_generation_ = state->tls_generation;
      if (auto taken = transport_->set_tls(state->tls); !taken) {
        log::warn("new TLS files are not usable, the former ones stay in use", {{"error", taken.error()}});
        credentials_.doubt();
      }
    }
  }
  if (!state) {
    const auto end = std::move(handlers.on_end);
    const bool posted = loop_->post([end, error = state.error()] {
      if (end) end(fail(error));
    });
    if (!posted && end) end(fail(state.error()));
    return 0;
  }
  if (!state->token.empty()) request.authorization = "Bearer " + state->token;
  // Whatever rejects us, or whom we reject, may have been replaced on disk meanwhile.
  auto head = std::move(handlers.on_head);
  handlers.on_head = [this, head = std::move(head)](const HttpHead& answer) {
    if (answer.status == 401) credentials_.doubt();
    if (head) head(answer);
  };
  auto end = std::move(handlers.on_end);
  handlers.on_end = [this, end = std::move(end)](Status status) {
    if (!status && status.error().kind == ErrorKind::kDenied) credentials_.doubt();
    if (end) end(std::move(status));
  };
  return transport_->start(std::move(request), std::move(handlers));
}

Result<HttpAnswer> ApiServer::call_once(const HttpRequest& request) {
  {
    std::lock_guard lock(mutex_);
    if (closed_) return fail(ErrorKind::kUnavailable, "the client is shut down");
  }
  auto waiter = std::make_shared<Waiter>();
  start(request, {.on_head =
                      [waiter](const HttpHead& head) {
                        waiter->answer.status = head.status;
                        waiter->answer.retry_after = head.retry_after;
                      },
                  .on_body =
                      [waiter](std::string_view bytes) {
                        waiter->answer.body.append(bytes);
                        return true;
                      },
                  .on_end =
                      [waiter](Status status) {
                        std::lock_guard lock(waiter->mutex);
                        waiter->status = std::move(status);
                        waiter->done = true;
                        waiter->changed.notify_all();
                      }});
  std::unique_lock lock(waiter->mutex);
  waiter->changed.wait(lock, [&] { return waiter->done; });
  if (!waiter->status) return fail(std::move(waiter->status).error());
  return std::move(waiter->answer);
}

Result<HttpAnswer> ApiServer::call(const HttpRequest& request) {
  if (loop_->on_loop_thread()) return fail(ErrorKind::kInternal, "a blocking call on the event loop's thread");
  const auto deadline = std::chrono::steady_clock::now() + request.timeout;
  // False when the time left, or the client's life, is too short for it.
  const auto wait_in_time = [&](std::chrono::milliseconds delay) {
    return std::chrono::steady_clock::now() + delay < deadline && wait(delay);
  };
  HttpRequest attempt = request;
  bool authorized_again = false;
  for (int retries = 0;;) {
    attempt.timeout =
        std::max(std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()),
                 std::chrono::milliseconds(1));
    auto answer = call_once(attempt);
    if (!answer) return answer;
    if (answer->status == 401 && !authorized_again) {
      authorized_again = true;
      if (!wait_in_time(std::chrono::milliseconds(Credentials::kLeastReloadMs))) return answer;
      continue;
    }
    if (!should_retry(*answer) || retries++ == kMaxRetries) return answer;
    const auto asked = std::max(answer->retry_after, std::chrono::seconds(1));
    if (!wait_in_time(std::min(asked, kMaxWait))) return answer;
  }
}

}  // namespace rmq::kube
