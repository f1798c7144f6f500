#include "common/remoting/client.h"

#include <boost/asio.hpp>
#include <condition_variable>
#include <future>
#include <mutex>
#include <unordered_map>

#include "common/base/host_resolver.h"
#include "common/base/log.h"
#include "common/base/net_address.h"
#include "common/protocol/codes.h"
#include "common/remoting/stream_connection.h"
#include "common/remoting/tls_context.h"

namespace rmq::remoting {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds kCloseLimit{3};
constexpr std::size_t kMaxWaiting = 10'000;  // calls that wait for one address to connect

struct Call {
  protocol::Command request;
  std::chrono::milliseconds timeout;
  Connection::Done done;  // empty for a one-way request
};

}  // namespace

struct Client::Impl : ConnectionSink, std::enable_shared_from_this<Client::Impl> {
  Impl(IoPool& io_pool, ClientOptions client_options)
      : pool(io_pool), options(std::move(client_options)), shared(std::make_shared<StreamShared>()) {
    shared->max_frame_bytes = options.max_frame_bytes;
    shared->max_receive_bytes = 512UL * 1024 * 1024;
    shared->max_unsent_bytes = 64UL * 1024 * 1024;
    shared->idle_timeout = options.idle_timeout;
    gate->pool = &pool;
  }

  struct Peer {
    std::shared_ptr<StreamConnection> connection;
    bool connecting = false;
    std::vector<Call> waiting;
  };

  void submit(const std::string& address, Call call) {
    std::unique_lock lock(mutex);
    if (closed) {
      lock.unlock();
      return fail_call(call, Error{ErrorKind::kUnavailable, "client is closed"});
    }
    auto& peer = peers[address];
    if (peer.connection && peer.connection->is_open()) {
      auto connection = peer.connection;
      lock.unlock();
      return issue(*connection, std::move(call));
    }
    if (peer.waiting.size() >= kMaxWaiting) {
      lock.unlock();
      return fail_call(call, Error{ErrorKind::kFull, "too many requests wait for " + address});
    }
    peer.waiting.push_back(std::move(call));
    if (peer.connecting) return;
    peer.connecting = true;
    lock.unlock();
    const auto index = pool.next_index();
    asio::co_spawn(
        pool.at(index), [self = shared_from_this(), address, index] { return self->connect(address, index); },
        asio::detached);
  }

  static void issue(Connection& connection, Call call) {
    if (call.done) {
      connection.call(std::move(call.request), call.timeout, std::move(call.done));
    } else {
      connection.oneway(std::move(call.request));
    }
  }

  static void fail_call(Call& call, const Error& error) {
    if (call.done) call.done(fail(error));
  }

  // The way of a name's addresses into the pool, which they may outlive.
  struct Gate {
    std::mutex mutex;
    IoPool* pool = nullptr;  // nullptr: closed
  };
  struct Lookup {
    explicit Lookup(asio::io_context& io) : answered(io) {}
    asio::steady_timer answered;
    HostResolver::Addresses addresses = fail(ErrorKind::kTimeout, "no answer in time");
  };

  // Not by asio's resolver: that looks up one name at a time, IPs behind names, and the end of an io_context waits for
  // it. DNS that does not answer would hold up everything, and a broker's stop for as long as it pleases.
  asio::awaitable<Result<std::vector<tcp::endpoint>>> look_up(NetAddress address, std::size_t index,
                                                              std::chrono::steady_clock::time_point until) {
    auto lookup = std::make_shared<Lookup>(pool.at(index));
    lookup->answered.expires_at(until);
    resolver.resolve(address.host, [gate = gate, weak = std::weak_ptr(lookup), index](const auto& addresses) {
      std::lock_guard lock(gate->mutex);
      if (gate->pool == nullptr) return;
      asio::post(gate->pool->at(index), [weak, addresses] {
        auto waiting = weak.lock();
        if (!waiting) return;
        waiting->addresses = addresses;
        waiting->answered.cancel();
      });
    });
    co_await lookup->answered.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!lookup->addresses) co_return fail(lookup->addresses.error());
    std::vector<tcp::endpoint> endpoints;
    for (const auto& text : *lookup->addresses) {
      error_code bad;
      if (const auto ip = asio::ip::make_address(text, bad); !bad) endpoints.emplace_back(ip, address.port);
    }
    co_return endpoints;
  }

  asio::awaitable<void> connect(std::string address, std::size_t index) {
    auto parsed = parse_address(address);
    if (!parsed) {
      connected(address, fail(parsed.error()));
      co_return;
    }
    constexpr auto await = asio::as_tuple(asio::use_awaitable);
    auto& io = pool.at(index);
    const auto until = std::chrono::steady_clock::now() + options.connect_timeout;
    const auto endpoints = co_await look_up(*parsed, index, until);
    if (!endpoints) {
      connected(address, fail(ErrorKind::kUnavailable, "connect to " + address + ": " + endpoints.error().message));
      co_return;
    }
    auto socket = std::make_shared<tcp::socket>(io);
    asio::steady_timer limit(io, until);
    limit.async_wait([socket](error_code code) {
      if (code) return;
      error_code ignored;
      socket->close(ignored);
    });
    auto [code, endpoint] = co_await asio::async_connect(*socket, *endpoints, await);
    limit.cancel();
    if (code) {
      connected(address, fail(ErrorKind::kUnavailable, "connect to " + address + ": " + code.message()));
      co_return;
    }
    std::shared_ptr<asio::ssl::context> context;
    if (options.use_tls) {
      auto made = make_client_context(options.tls);
      if (!made) {
        connected(address, fail(made.error()));
        co_return;
      }
      context = *made;
    }
    auto connection = std::make_shared<StreamConnection>(pool, index, std::move(*socket), shared, shared_from_this());
    connection->start_client(std::move(context), parsed->host);
    connected(address, connection);
  }

  void connected(const std::string& address, Result<std::shared_ptr<StreamConnection>> result) {
    std::vector<Call> waiting;
    {
      std::unique_lock lock(mutex);
      if (closed) {
        lock.unlock();  // on this thread abort() comes back through on_closed() at once
        if (result) (*result)->abort();
        return;
      }
      auto& peer = peers[address];
      peer.connecting = false;
      waiting.swap(peer.waiting);
      if (result) {
        peer.connection = *result;
        ++open;
      }
    }
    for (auto& call : waiting) {
      if (result) {
        issue(**result, std::move(call));
      } else {
        fail_call(call, result.error());
      }
    }
  }

  // ---- ConnectionSink

  void on_open(const ConnectionPtr&) override {}
  void on_request(const protocol::CommandView& command, const ConnectionPtr& connection) override {
    const Request request{command, connection};
    auto it = routes.find(command.code);
    if (it != routes.end()) return it->second->handle(request);
    reply(request, protocol::ResponseCode::kRequestCodeNotSupported,
          " request type " + std::to_string(command.code) + " not supported");
  }
  void on_burst_end(const ConnectionPtr&) override {}
  void on_closed(const ConnectionPtr& connection) override {
    std::lock_guard lock(mutex);
    for (auto it = peers.begin(); it != peers.end(); ++it) {
      if (it->second.connection != connection) continue;
      it->second.connection.reset();
      if (--open == 0) all_closed.notify_all();
      if (!it->second.connecting && it->second.waiting.empty()) peers.erase(it);
      return;
    }
  }
  std::shared_ptr<asio::ssl::context> tls_context() override { return nullptr; }

  void close() {
    std::unordered_map<std::string, Peer> left;
    {
      std::lock_guard lock(gate->mutex);
      gate->pool = nullptr;
    }
    {
      std::unique_lock lock(mutex);
      if (std::exchange(closed, true)) return;
      for (auto& [address, peer] : peers) {
        if (peer.connection) peer.connection->abort();
      }
      all_closed.wait_for(lock, kCloseLimit, [this] { return open == 0; });
      left.swap(peers);
    }
    for (auto& [address, peer] : left) {
      for (auto& call : peer.waiting) fail_call(call, Error{ErrorKind::kUnavailable, "client is closed"});
    }
  }

  IoPool& pool;
  const std::shared_ptr<Gate> gate = std::make_shared<Gate>();
  HostResolver resolver;
  ClientOptions options;
  std::shared_ptr<StreamShared> shared;
  std::unordered_map<std::int32_t, std::shared_ptr<Handler>> routes;
  std::mutex mutex;
  std::unordered_map<std::string, Peer> peers;
  std::condition_variable all_closed;
  std::size_t open = 0;  // connections in peers that have not closed
  bool closed = false;
};

Client::Client(IoPool& pool, ClientOptions options) : impl_(std::make_shared<Impl>(pool, std::move(options))) {}
Client::~Client() {
  close();
}

void Client::call(const std::string& address, protocol::Command request, std::chrono::milliseconds timeout,
                  Connection::Done done) {
  impl_->submit(address, Call{std::move(request), timeout, std::move(done)});
}

void Client::oneway(const std::string& address, protocol::Command request) {
  impl_->submit(address, Call{std::move(request), {}, {}});
}

Result<protocol::Command> Client::call_and_wait(const std::string& address, protocol::Command request,
                                                std::chrono::milliseconds timeout) {
  auto promise = std::make_shared<std::promise<Result<protocol::Command>>>();
  auto future = promise->get_future();
  call(address, std::move(request), timeout,
       [promise](Result<protocol::Command> result) { promise->set_value(std::move(result)); });
  return future.get();
}

void Client::route(std::int32_t code, std::shared_ptr<Handler> handler) {
  impl_->routes[code] = std::move(handler);
}
void Client::close() {
  impl_->close();
}

}  // namespace rmq::remoting
