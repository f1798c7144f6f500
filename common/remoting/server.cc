#include "common/remoting/server.h"

#include <atomic>
#include <boost/asio.hpp>
#include <condition_variable>
#include <future>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "common/base/log.h"
#include "common/protocol/codes.h"
#include "common/remoting/stream_connection.h"
#include "common/remoting/tls_context.h"
#include "common/remoting/worker_pool.h"

namespace rmq::remoting {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using protocol::ResponseCode;

namespace {

constexpr std::chrono::milliseconds kAcceptRetry{100};
constexpr std::chrono::seconds kCloseLimit{3};
constexpr std::int16_t kGoAwayAbove = 475;  // peers of a greater version know GO_AWAY (5.3.1)

struct Route {
  std::shared_ptr<Handler> handler;
  Execution execution = Execution::kInline;
};

}  // namespace

struct Server::Impl : ConnectionSink, std::enable_shared_from_this<Server::Impl> {
  Impl(IoPool& io_pool, ServerOptions server_options)
      : pool(io_pool),
        options(std::move(server_options)),
        shared(std::make_shared<StreamShared>()),
        workers("worker", options.worker_threads, options.max_worker_queue),
        bursts(pool.size()) {
    shared->max_frame_bytes = options.max_frame_bytes;
    shared->max_receive_bytes = options.max_receive_bytes;
    shared->max_unsent_bytes = options.max_unsent_bytes;
    shared->idle_timeout = options.idle_timeout;
    shared->tls_mode = options.tls.mode;
  }

  // One listening socket; all of it is on the first thread.
  struct Door {
    explicit Door(IoPool& pool) : acceptor(pool.at(0)), retry(pool.at(0)) {}
    tcp::acceptor acceptor;
    asio::steady_timer retry;
  };

  Status start() {
    RMQ_CHECK_OK(open(options.port));
    error_code code;
    bound_port = doors.front()->acceptor.local_endpoint(code).port();
    if (options.second_port == 0) return {};
    // A convenience for peers that look there: not worth failing for.
    if (auto second = open(options.second_port); !second) log::warn("second port", {{"error", second.error()}});
    return {};
  }

  Status open(std::uint16_t port) {
    error_code code;
    const auto address = asio::ip::make_address(options.bind_host, code);
    if (code) return fail(ErrorKind::kInvalid, "listen address " + options.bind_host + ": " + code.message());
    const tcp::endpoint endpoint(address, port);
    auto door = std::make_unique<Door>(pool);
    auto& acceptor = door->acceptor;
    acceptor.open(endpoint.protocol(), code);
    if (!code) acceptor.set_option(asio::socket_base::reuse_address(true), code);
    if (!code) acceptor.bind(endpoint, code);
    if (!code) acceptor.listen(asio::socket_base::max_listen_connections, code);
    if (code) {
      return fail(ErrorKind::kUnavailable,
                  "listen on " + options.bind_host + ":" + std::to_string(port) + ": " + code.message());
    }
    doors.push_back(std::move(door));
    asio::post(pool.at(0), [self = shared_from_this(), door = doors.back().get()] { self->accept(door); });
    return {};
  }

  // Doors go after `draining` is set.
  void accept(Door* door) {
    if (draining || !door->acceptor.is_open()) return;
    const auto index = pool.next_index();
    door->acceptor.async_accept(pool.at(index),
                                [self = shared_from_this(), index, door](error_code code, tcp::socket socket) {
                                  if (code == asio::error::operation_aborted || self->draining) return;
                                  if (code) {
                                    // Out of descriptors, most likely: try again when some may be free.
                                    log::warn("accept failed", {{"error", code.message()}});
                                    door->retry.expires_after(kAcceptRetry);
                                    door->retry.async_wait([self, door](error_code cancelled) {
                                      if (!cancelled) self->accept(door);
                                    });
                                    return;
                                  }
                                  self->adopt(index, std::move(socket));
                                  self->accept(door);
                                });
  }

  void adopt(std::size_t index, tcp::socket socket) {
    std::shared_ptr<StreamConnection> connection;
    {
      std::lock_guard lock(mutex);
      if (stopping) return;
      if (connections.size() >= options.max_connections) {
        shared->refused.fetch_add(1, std::memory_order_relaxed);
        return;
      }
      connection = std::make_shared<StreamConnection>(pool, index, std::move(socket), shared, shared_from_this());
      connections.insert(connection);
    }
    accepted.fetch_add(1, std::memory_order_relaxed);
    connection->start_server();
  }

  // ---- ConnectionSink

  void on_open(const ConnectionPtr& connection) override {
    if (connect_callback) connect_callback(connection);
  }

  void on_request(const protocol::CommandView& command, const ConnectionPtr& connection) override {
    const Request request{command, connection};
    const Route* route = find(command.code);
    if (route == nullptr) {
      return reply(request, ResponseCode::kRequestCodeNotSupported,
                   " request type " + std::to_string(command.code) + " not supported");
    }
    if (draining && !command.is_oneway() && command.version > kGoAwayAbove) {
      return reply(request, ResponseCode::kGoAway, "this broker is stopping, ask another");
    }
    if (route->execution == Execution::kWorker) return run_on_worker(*route, request);
    note_burst(connection->thread_index(), route->handler.get());
    run(*route->handler, request);
  }

  void run_on_worker(const Route& route, const Request& request) {
    auto owned = std::make_shared<protocol::Command>(protocol::Command::from(request.command));
    const bool taken = workers.post([handler = route.handler, owned, connection = request.connection] {
      const auto view = owned->view();
      run(*handler, Request{view, connection});
    });
    if (!taken) reply(request, ResponseCode::kSystemBusy, "[OVERLOAD]too many requests are waiting, try again");
  }

  static void run(Handler& handler, const Request& request) {
    try {
      handler.handle(request);
    } catch (const std::exception& error) {
      // A broken invariant of ours: the peer gets an answer and the process lives.
      log::error("handler failed", {{"code", request.command.code}, {"error", error.what()}});
      reply(request, ResponseCode::kSystemError, std::string("internal error: ") + error.what());
    }
  }

  void note_burst(std::size_t thread, Handler* handler) {
    auto& burst = bursts[thread].handlers;
    if (std::find(burst.begin(), burst.end(), handler) == burst.end()) burst.push_back(handler);
  }

  void on_burst_end(const ConnectionPtr& connection) override {
    auto& burst = bursts[connection->thread_index()].handlers;
    for (auto* handler : burst) handler->end_of_burst(connection);
    burst.clear();
  }

  void on_closed(const ConnectionPtr& connection) override {
    std::lock_guard lock(mutex);
    connections.erase(std::static_pointer_cast<StreamConnection>(connection));
    if (connections.empty()) all_closed.notify_all();
  }

  std::shared_ptr<asio::ssl::context> tls_context() override {
    if (options.tls.mode == TlsMode::kDisabled) return nullptr;
    std::lock_guard lock(mutex);
    if (!tls) {
      auto made = make_server_context(options.tls);
      if (!made) {
        log::error("TLS is not available", {{"error", made.error()}});
        return nullptr;
      }
      tls = *made;
    }
    return tls;
  }

  // ---- the end

  void drain() {
    draining = true;
    asio::post(pool.at(0), [self = shared_from_this()] {
      for (const auto& door : self->doors) {
        error_code ignored;
        door->acceptor.close(ignored);
        door->retry.cancel();
      }
    });
  }

  void stop() {
    {
      std::lock_guard lock(mutex);
      if (std::exchange(stopping, true)) return;
    }
    drain();
    workers.stop();
    close_all(&StreamConnection::close);
    close_all(&StreamConnection::abort);  // who did not read what was left for them
    // Connections on other threads keep this object a little longer than its thread's loop may live: what belongs to
    // that loop goes now.
    std::promise<void> released;
    asio::post(pool.at(0), [self = shared_from_this(), &released] {
      self->doors.clear();
      released.set_value();
    });
    released.get_future().wait();
  }

  void close_all(void (StreamConnection::*how)()) {
    std::unique_lock lock(mutex);
    const auto open = std::vector(connections.begin(), connections.end());
    lock.unlock();
    for (const auto& connection : open) (connection.get()->*how)();
    lock.lock();
    all_closed.wait_for(lock, kCloseLimit, [this] { return connections.empty(); });
  }

  const Route* find(std::int32_t code) const {
    auto it = routes.find(code);
    return it == routes.end() ? nullptr : &it->second;
  }

  struct alignas(64) Burst {
    std::vector<Handler*> handlers;
  };

  IoPool& pool;
  ServerOptions options;
  std::shared_ptr<StreamShared> shared;
  WorkerPool workers;
  std::vector<std::unique_ptr<Door>> doors;  // after start(), the first thread's
  std::vector<Burst> bursts;                 // by thread
  std::unordered_map<std::int32_t, Route> routes;
  std::function<void(const ConnectionPtr&)> connect_callback;
  std::atomic<bool> draining{false};
  std::atomic<std::uint64_t> accepted{0};
  std::uint16_t bound_port = 0;

  std::mutex mutex;
  std::condition_variable all_closed;
  std::unordered_set<std::shared_ptr<StreamConnection>> connections;
  std::shared_ptr<asio::ssl::context> tls;
  bool stopping = false;
};

Server::Server(IoPool& pool, ServerOptions options) : impl_(std::make_shared<Impl>(pool, std::move(options))) {}
Server::~Server() {
  stop();
}

void Server::route(std::int32_t code, std::shared_ptr<Handler> handler, Execution execution) {
  impl_->routes[code] = Route{std::move(handler), execution};
}
void Server::on_connect(std::function<void(const ConnectionPtr&)> callback) {
  impl_->connect_callback = std::move(callback);
}
Status Server::start() {
  return impl_->start();
}
std::uint16_t Server::port() const {
  return impl_->bound_port;
}
void Server::drain() {
  impl_->drain();
}
void Server::stop() {
  impl_->stop();
}

ServerStats Server::stats() const {
  ServerStats stats;
  {
    std::lock_guard lock(impl_->mutex);
    stats.connections = impl_->connections.size();
  }
  const auto& shared = *impl_->shared;
  stats.accepted_total = impl_->accepted;
  stats.refused_total = shared.refused;
  stats.protocol_errors_total = shared.protocol_errors;
  stats.requests_total = shared.requests;
  stats.received_bytes_total = shared.received_bytes;
  stats.sent_bytes_total = shared.sent_bytes;
  return stats;
}

}  // namespace rmq::remoting
