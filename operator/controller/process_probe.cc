#include "operator/controller/process_probe.h"

#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>

#include "common/base/net_address.h"

namespace rmq::controller {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

// Everything runs on the one thread of `io`.
struct Probe : std::enable_shared_from_this<Probe> {
  Probe(asio::io_context& io, std::function<void(ProbeAnswer)> callback)
      : resolver(io), socket(io), timer(io), done(std::move(callback)) {}

  void start(const NetAddress& address, std::chrono::milliseconds limit) {
    timer.expires_after(limit);
    timer.async_wait([self = shared_from_this()](const error_code& error) {
      if (!error) self->finish(ProbeAnswer::kUnknown);
    });
    resolver.async_resolve(
        address.host, std::to_string(address.port),
        [self = shared_from_this()](const error_code& error, const tcp::resolver::results_type& all) {
          if (error) return self->finish(ProbeAnswer::kUnknown);
          self->connect(all);
        });
  }

  void connect(const tcp::resolver::results_type& all) {
    asio::async_connect(socket, all, [self = shared_from_this()](const error_code& error, const tcp::endpoint&) {
      if (!error) return self->finish(ProbeAnswer::kListens);
      self->finish(error == asio::error::connection_refused ? ProbeAnswer::kRefused : ProbeAnswer::kUnknown);
    });
  }

  void finish(ProbeAnswer answer) {
    if (!done) return;
    auto callback = std::exchange(done, nullptr);
    error_code ignored;
    timer.cancel();
    resolver.cancel();
    socket.close(ignored);
    callback(answer);
  }

  tcp::resolver resolver;
  tcp::socket socket;
  asio::steady_timer timer;
  std::function<void(ProbeAnswer)> done;
};

}  // namespace

void probe_process(asio::io_context& io, const std::string& address, std::chrono::milliseconds limit,
                   std::function<void(ProbeAnswer)> done) {
  auto probe = std::make_shared<Probe>(io, std::move(done));
  const auto parsed = parse_address(address);
  asio::post(io, [probe, parsed, limit] {
    if (!parsed) return probe->finish(ProbeAnswer::kUnknown);
    probe->start(*parsed, limit);
  });
}

}  // namespace rmq::controller
