#include "operator/kube/http_transport.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_static_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <array>
#include <atomic>
#include <charconv>
#include <deque>
#include <mutex>
#include <unordered_map>

#include "operator/kube/tls_context.h"

namespace rmq::kube {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using tcp = asio::ip::tcp;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kReadBlock = 16 * 1024;
constexpr std::size_t kMaxHeaderBytes = 32 * 1024;
// How long a kept connection may have rested to still carry a POST.
constexpr std::chrono::milliseconds kFreshForPost{1'000};
constexpr char kShutDown[] = "the client is shut down";
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

struct Tls {
  asio::ssl::context context;
  std::uint64_t generation;
};

struct Connection {
  Connection(asio::io_context& io, std::shared_ptr<Tls> tls_in)
      : tls(std::move(tls_in)), stream(beast::tcp_stream(io), tls->context) {}

  tcp::socket& socket() { return beast::get_lowest_layer(stream).socket(); }
  beast::tcp_stream& tcp_layer() { return beast::get_lowest_layer(stream); }
  void close() {
    error_code ignored;
    socket().shutdown(tcp::socket::shutdown_both, ignored);
    tcp_layer().close();
  }

  std::shared_ptr<Tls> tls;  // before `stream`, which refers to it
  beast::ssl_stream<beast::tcp_stream> stream;
  beast::flat_static_buffer<kMaxHeaderBytes + kReadBlock> buffer;
  Clock::time_point last_used = Clock::now();
  bool used_before = false;
};
using ConnectionPtr = std::shared_ptr<Connection>;

struct Exchange {
  std::uint64_t id;
  HttpRequest request;
  ExchangeHandlers handlers;
  Clock::time_point deadline;
  bool cancelled = false;
  bool answered = false;  // a byte of the answer's head was taken
  ConnectionPtr connection;
};
using ExchangePtr = std::shared_ptr<Exchange>;

// Dead peers are noticed within about half a minute, also under a silent watch.
void set_keepalive(tcp::socket& socket) {
  const auto set = [fd = socket.native_handle()](int level, int name, int value) {
    ::setsockopt(fd, level, name, &value, sizeof(value));
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 30'000);
}

// Whether the peer has closed a resting connection.
bool is_dead(tcp::socket& socket) {
  if (!socket.is_open()) return true;
  char byte;
  return ::recv(socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

Error to_error(const error_code& code, std::string what) {
  ErrorKind kind = ErrorKind::kUnavailable;
  if (code == beast::error::timeout || code == asio::error::timed_out) kind = ErrorKind::kTimeout;
  if (code.category() == asio::error::get_ssl_category()) kind = ErrorKind::kDenied;
  if (code == http::error::body_limit || code == http::error::header_limit || code == http::error::buffer_overflow) {
    kind = ErrorKind::kInvalid;
  }
  return Error{kind, std::move(what) + ": " + code.message()};
}

std::chrono::seconds parse_seconds(std::string_view text) {
  int seconds = 0;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::chrono::seconds(std::clamp(seconds, 0, 3600));
}

class HttpTransport final : public Transport {
 public:
  HttpTransport(EventLoop& loop, HttpTransportOptions options)
      : state_(std::make_shared<State>(loop, std::move(options))) {}
  ~HttpTransport() override { HttpTransport::close(); }

  std::uint64_t start(HttpRequest request, ExchangeHandlers handlers) override {
    const auto id = state_->next_id++;
    auto shared = std::make_shared<ExchangeHandlers>(std::move(handlers));
    const bool posted = state_->loop.post([state = state_, id, request = std::move(request), shared]() mutable {
      state->begin(id, std::move(request), std::move(*shared));
    });
    if (!posted && shared->on_end) shared->on_end(fail(ErrorKind::kUnavailable, kShutDown));
    return id;
  }

  void cancel(std::uint64_t id) override {
    state_->loop.post([state = state_, id] { state->cancel(id); });
  }

  Status set_tls(const TlsMaterial& material) override {
    RMQ_TRY(auto context, make_client_context(material));
    std::lock_guard lock(state_->tls_mutex);
    state_->tls = std::make_shared<Tls>(Tls{asio::ssl::context(context.release()), ++state_->tls_generation});
    return {};
  }

  void close() override {
    state_->loop.post([state = state_] { state->close(); });
  }

 private:
  // Shared with the coroutines, which may end after the transport. All but `tls` belongs to the loop's thread.
  struct State : std::enable_shared_from_this<State> {
    State(EventLoop& loop_in, HttpTransportOptions options_in) : loop(loop_in), options(std::move(options_in)) {
      const bool v6 = options.host.find(':') != std::string::npos;
      host_header = (v6 ? "[" + options.host + "]" : options.host) + ":" + std::to_string(options.port);
    }

    void begin(std::uint64_t id, HttpRequest request, ExchangeHandlers handlers) {
      auto exchange = std::make_shared<Exchange>();
      exchange->id = id;
      exchange->deadline = Clock::now() + request.timeout;
      exchange->request = std::move(request);
      exchange->handlers = std::move(handlers);
      if (closed || exchanges.size() >= options.max_exchanges) {
        Error error{ErrorKind::kFull, "too many requests at a time"};
        if (closed) error = {ErrorKind::kUnavailable, kShutDown};
        if (exchange->handlers.on_end) exchange->handlers.on_end(fail(std::move(error)));
        return;
      }
      exchanges.emplace(id, exchange);
      asio::co_spawn(loop.io(), run(shared_from_this(), exchange), asio::detached);
    }

    void cancel(std::uint64_t id) {
      const auto found = exchanges.find(id);
      if (found == exchanges.end()) return;
      found->second->cancelled = true;
      if (found->second->connection) found->second->connection->close();
    }

    void close() {
      closed = true;
      for (auto& connection : idle) connection->close();
      idle.clear();
      reaper_armed = false;
      loop.cancel_timer(reaper);
      for (auto& [id, exchange] : exchanges) {
        exchange->cancelled = true;
        if (exchange->connection) exchange->connection->close();
      }
    }

    void finish(const ExchangePtr& exchange, Status status) {
      exchanges.erase(exchange->id);
      exchange->connection.reset();
      if (exchange->cancelled) status = fail(ErrorKind::kUnavailable, "cancelled");
      const auto handlers = std::move(exchange->handlers);
      if (handlers.on_end) handlers.on_end(std::move(status));
    }

    static asio::awaitable<void> run(std::shared_ptr<State> state, ExchangePtr exchange) {
      Status status;
      try {
        status = co_await state->converse(exchange);
      } catch (const std::exception& error) {
        status = fail(ErrorKind::kInternal, std::string("http: ") + error.what());
      }
      state->finish(exchange, std::move(status));
    }

    std::shared_ptr<Tls> current_tls() {
      std::lock_guard lock(tls_mutex);
      return tls;
    }

    ConnectionPtr take_idle(const HttpRequest& request) {
      const auto now = Clock::now();
      const auto current = current_tls();
      while (!idle.empty()) {
        auto connection = std::move(idle.back());  // the one used last is the one most likely alive
        idle.pop_back();
        const auto rest = now - connection->last_used;
        const bool fresh = rest < (request.method == "POST" ? kFreshForPost : options.idle_connection_lifetime);
        if (fresh && current && connection->tls->generation == current->generation && !is_dead(connection->socket())) {
          return connection;
        }
        connection->close();
      }
      return nullptr;
    }

    void keep(ConnectionPtr connection) {
      if (closed || idle.size() >= options.max_idle_connections) {
        connection->close();
        return;
      }
      connection->last_used = Clock::now();
      connection->used_before = true;
      connection->tcp_layer().expires_never();
      idle.push_back(std::move(connection));
      arm_reaper();
    }

    void arm_reaper() {
      if (reaper_armed) return;
      reaper_armed = true;
      reaper = loop.run_after(options.idle_connection_lifetime, [weak = weak_from_this()] {
        if (auto state = weak.lock()) state->reap();
      });
    }

    void reap() {
      reaper_armed = false;
      const auto oldest = Clock::now() - options.idle_connection_lifetime;
      while (!idle.empty() && idle.front()->last_used <= oldest) {
        idle.front()->close();
        idle.pop_front();
      }
      if (!idle.empty()) arm_reaper();
    }

    // The whole exchange, on a kept connection or a new one.
    asio::awaitable<Status> converse(ExchangePtr exchange) {
      for (;;) {
        exchange->connection = take_idle(exchange->request);
        if (!exchange->connection) {
          Status opened = co_await open(exchange);
          if (!opened) co_return opened;
        }
        if (exchange->cancelled) co_return Status();
        const bool reused = exchange->connection->used_before;
        Status status = co_await transfer(exchange);
        if (status || !reused || exchange->answered || exchange->cancelled ||
            status.error().kind != ErrorKind::kUnavailable || exchange->request.method == "POST") {
          co_return status;
        }
        // The server had closed the kept connection; a new one settles it, for only kept ones come back here.
      }
    }

    asio::awaitable<Status> open(ExchangePtr exchange) {
      const std::string where = "connect to " + host_header;
      auto current = current_tls();
      if (!current) co_return fail(ErrorKind::kInternal, "no TLS settings");
      auto connection = std::make_shared<Connection>(loop.io(), std::move(current));
      exchange->connection = connection;
      const auto deadline = std::min(exchange->deadline, Clock::now() + options.connect_timeout);

      std::vector<tcp::endpoint> endpoints;
      error_code code;
      const auto address = asio::ip::make_address(options.host, code);
      if (!code) {
        endpoints.emplace_back(address, options.port);
      } else {
        tcp::resolver resolver(loop.io());
        auto [error, found] = co_await resolver.async_resolve(options.host, std::to_string(options.port), kAwait);
        if (error) co_return fail(to_error(error, where));
        for (const auto& entry : found) endpoints.push_back(entry.endpoint());
      }
      if (exchange->cancelled) co_return fail(ErrorKind::kUnavailable, "cancelled");

      connection->tcp_layer().expires_at(deadline);
      auto [connect_error, endpoint] = co_await connection->tcp_layer().async_connect(endpoints, kAwait);
      if (connect_error) co_return fail(to_error(connect_error, where));
      if (exchange->cancelled) co_return fail(ErrorKind::kUnavailable, "cancelled");
      set_keepalive(connection->socket());

      auto* ssl = connection->stream.native_handle();
      Status named = expect_server(ssl, options.server_name.empty() ? options.host : options.server_name);
      if (!named) co_return named;
      auto [tls_error] = co_await connection->stream.async_handshake(asio::ssl::stream_base::client, kAwait);
      if (tls_error) {
        auto error = to_error(tls_error, "TLS to " + host_header);
        if (const auto why = verify_error(ssl); !why.empty()) error.message += " (" + why + ")";
        co_return fail(std::move(error));
      }
      co_return Status();
    }

    http::request<http::string_body> make_request(const HttpRequest& from) const {
      http::request<http::string_body> request;
      request.version(11);
      request.method_string(from.method);
      request.target(options.base_path + from.target);
      request.set(http::field::host, host_header);
      request.set(http::field::user_agent, options.user_agent);
      request.set(http::field::accept, "application/json");
      if (!from.authorization.empty()) request.set(http::field::authorization, from.authorization);
      if (!from.content_type.empty()) request.set(http::field::content_type, from.content_type);
      request.body() = from.body;
      if (!from.body.empty() || from.method == "POST") request.prepare_payload();
      return request;
    }

    asio::awaitable<Status> transfer(ExchangePtr exchange) {
      auto connection = exchange->connection;
      const std::string what = exchange->request.method + " " + host_header;
      connection->tcp_layer().expires_at(exchange->deadline);
      auto request = make_request(exchange->request);
      auto [write_error, written] = co_await http::async_write(connection->stream, request, kAwait);
      if (write_error) co_return fail(to_error(write_error, what));

      const bool stream = exchange->request.idle_timeout.count() > 0;
      http::response_parser<http::buffer_body> parser;
      parser.header_limit(kMaxHeaderBytes);
      if (stream) {
        parser.body_limit(boost::none);
      } else {
        parser.body_limit(exchange->request.max_body_bytes);
      }
      auto [head_error, head_size] =
          co_await http::async_read_header(connection->stream, connection->buffer, parser, kAwait);
      if (head_error) co_return fail(to_error(head_error, what));
      exchange->answered = true;
      HttpHead head;
      head.status = static_cast<int>(parser.get().result_int());
      if (const auto it = parser.get().find(http::field::retry_after); it != parser.get().end()) {
        head.retry_after = parse_seconds({it->value().data(), it->value().size()});
      }
      if (exchange->handlers.on_head && !exchange->cancelled) exchange->handlers.on_head(head);

      std::array<char, kReadBlock> block;
      while (!parser.is_done()) {
        if (exchange->cancelled) co_return fail(ErrorKind::kUnavailable, "cancelled");
        if (stream) connection->tcp_layer().expires_after(exchange->request.idle_timeout);
        auto& body = parser.get().body();
        body.data = block.data();
        body.size = block.size();
        body.more = true;
        auto [error, taken] = co_await http::async_read_some(connection->stream, connection->buffer, parser, kAwait);
        if (exchange->cancelled) co_return fail(ErrorKind::kUnavailable, "cancelled");
        const std::string_view bytes(block.data(), block.size() - parser.get().body().size);
        if (!bytes.empty() && exchange->handlers.on_body && !exchange->handlers.on_body(bytes)) {
          connection->close();
          co_return fail(ErrorKind::kUnavailable, what + ": stopped by the reader");
        }
        if (error && error != http::error::need_buffer) co_return fail(to_error(error, what));
      }
      if (parser.keep_alive() && connection->buffer.size() == 0) {
        exchange->connection.reset();
        keep(std::move(connection));
      } else {
        connection->close();
      }
      co_return Status();
    }

    EventLoop& loop;
    const HttpTransportOptions options;
    std::string host_header;
    std::atomic<std::uint64_t> next_id{1};
    std::mutex tls_mutex;
    std::shared_ptr<Tls> tls;
    std::uint64_t tls_generation = 0;
    std::unordered_map<std::uint64_t, ExchangePtr> exchanges;
    std::deque<ConnectionPtr> idle;  // the one used last at the back
    std::uint64_t reaper = 0;
    bool reaper_armed = false;
    bool closed = false;
  };

  std::shared_ptr<State> state_;
};

}  // namespace

std::unique_ptr<Transport> make_http_transport(EventLoop& loop, HttpTransportOptions options) {
  return std::make_unique<HttpTransport>(loop, std::move(options));
}

}  // namespace rmq::kube
