#include "common/http/admin_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace rmq::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
using asio::ip::tcp;

constexpr int kMaxConnections = 64;
constexpr std::uint32_t kMaxHeaderBytes = 8 * 1024;
constexpr auto kTimeout = std::chrono::seconds(10);
constexpr auto kPauseAfterAcceptError = std::chrono::milliseconds(100);

using Response = bhttp::response<bhttp::string_body>;

}  // namespace

struct AdminServer::Impl {
  struct NamedCheck {
    std::string name;
    Check check;
  };

  std::string host;
  std::uint16_t port;
  std::vector<NamedCheck> liveness;
  std::vector<NamedCheck> readiness;
  Metrics metrics;
  asio::io_context context{1};
  tcp::acceptor acceptor{context};
  int connections = 0;
  std::thread thread;

  Status listen();
  asio::awaitable<void> accept();
  asio::awaitable<void> serve(beast::tcp_stream stream);
  Response answer(const bhttp::request<bhttp::empty_body>& request) const;
  static Response run_checks(const std::vector<NamedCheck>& checks, unsigned version);
};

Status AdminServer::Impl::listen() {
  boost::system::error_code error;
  auto address = asio::ip::make_address(host, error);
  if (error) return fail(ErrorKind::kInvalid, "no IP address to listen on: " + host);
  tcp::endpoint endpoint(address, port);
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(kMaxConnections, error);
  if (!error) port = acceptor.local_endpoint(error).port();
  if (error) {
    std::string where = host + ":" + std::to_string(port);
    boost::system::error_code ignored;
    acceptor.close(ignored);
    return fail(ErrorKind::kIo, "listen on " + where + ": " + error.message());
  }
  return {};
}

asio::awaitable<void> AdminServer::Impl::accept() {
  asio::steady_timer pause(context);
  for (;;) {
    auto [error, socket] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
    if (error == asio::error::operation_aborted) co_return;
    if (error) {  // out of descriptors, most likely
      pause.expires_after(kPauseAfterAcceptError);
      co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
      continue;
    }
    if (connections >= kMaxConnections) continue;  // the socket closes
    ++connections;
    asio::co_spawn(context, serve(beast::tcp_stream(std::move(socket))),
                   [this](const std::exception_ptr&) { --connections; });
  }
}

asio::awaitable<void> AdminServer::Impl::serve(beast::tcp_stream stream) {
  beast::flat_buffer buffer(2 * kMaxHeaderBytes);
  for (;;) {
    bhttp::request_parser<bhttp::empty_body> parser;
    parser.header_limit(kMaxHeaderBytes);
    parser.body_limit(0);
    stream.expires_after(kTimeout);
    auto [read_error, read] = co_await bhttp::async_read(stream, buffer, parser, asio::as_tuple(asio::use_awaitable));
    if (read_error) co_return;

    Response response = answer(parser.get());
    response.keep_alive(parser.get().keep_alive());
    response.prepare_payload();
    bhttp::response_serializer<bhttp::string_body> serializer(response);
    stream.expires_after(kTimeout);
    if (parser.get().method() == bhttp::verb::head) {
      auto [error, sent] = co_await bhttp::async_write_header(stream, serializer, asio::as_tuple(asio::use_awaitable));
      if (error) co_return;
    } else {
      auto [error, sent] = co_await bhttp::async_write(stream, serializer, asio::as_tuple(asio::use_awaitable));
      if (error) co_return;
    }
    if (!response.keep_alive()) {
      boost::system::error_code ignored;
      stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
      co_return;
    }
  }
}

Response AdminServer::Impl::run_checks(const std::vector<NamedCheck>& checks, unsigned version) {
  std::string failures;
  for (const auto& [name, check] : checks) {
    auto status = check();
    if (!status) failures += name + ": " + status.error().message + "\n";
  }
  Response response(failures.empty() ? bhttp::status::ok : bhttp::status::service_unavailable, version);
  response.body() = failures.empty() ? "ok\n" : failures;
  return response;
}

Response AdminServer::Impl::answer(const bhttp::request<bhttp::empty_body>& request) const {
  auto version = request.version();
  auto plain = [&](bhttp::status status, std::string_view text) {
    Response response(status, version);
    response.set(bhttp::field::content_type, "text/plain; charset=utf-8");
    response.body() = text;
    return response;
  };
  if (request.method() != bhttp::verb::get && request.method() != bhttp::verb::head) {
    auto response = plain(bhttp::status::method_not_allowed, "only GET and HEAD\n");
    response.set(bhttp::field::allow, "GET, HEAD");
    return response;
  }
  std::string_view path(request.target().data(), request.target().size());
  path = path.substr(0, path.find('?'));
  if (path == "/healthz" || path == "/readyz") {
    auto response = run_checks(path == "/healthz" ? liveness : readiness, version);
    response.set(bhttp::field::content_type, "text/plain; charset=utf-8");
    return response;
  }
  if (path == "/metrics") {
    Response response(bhttp::status::ok, version);
    response.set(bhttp::field::content_type, "text/plain; version=0.0.4; charset=utf-8");
    response.body() = metrics.text();
    return response;
  }
  return plain(bhttp::status::not_found, "not found\n");
}

AdminServer::AdminServer(std::string host, std::uint16_t port) : impl_(std::make_unique<Impl>()) {
  impl_->host = std::move(host);
  impl_->port = port;
}
AdminServer::~AdminServer() {
  stop();
}

void AdminServer::add_liveness(std::string name, Check check) {
  impl_->liveness.push_back({std::move(name), std::move(check)});
}
void AdminServer::add_readiness(std::string name, Check check) {
  impl_->readiness.push_back({std::move(name), std::move(check)});
}
Metrics& AdminServer::metrics() {
  return impl_->metrics;
}
std::uint16_t AdminServer::port() const {
  return impl_->port;
}

Status AdminServer::start() {
  RMQ_CHECK_OK(impl_->listen());
  asio::co_spawn(impl_->context, impl_->accept(), asio::detached);
  impl_->thread = std::thread([impl = impl_.get()] { impl->context.run(); });
  return {};
}

void AdminServer::stop() {
  impl_->context.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
  boost::system::error_code ignored;
  impl_->acceptor.close(ignored);
}

}  // namespace rmq::http
