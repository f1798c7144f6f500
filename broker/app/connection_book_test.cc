#include "broker/app/connection_book.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>

#include "common/remoting/client.h"

namespace rmq::broker {
namespace {

using namespace std::chrono_literals;

// Tells when the first connection that asked something has closed.
struct Watch final : remoting::Handler {
  void handle(const remoting::Request& request) override {
    if (!watched.exchange(true)) request.connection->on_close([this] { closed.set_value(); });
    remoting::reply(request, 0);
  }
  std::atomic<bool> watched{false};
  std::promise<void> closed;
};

TEST_CASE("connections that are open are closed, those that come later are not") {
  remoting::IoPool pool(1);
  remoting::Server server(pool, {.bind_host = "127.0.0.1"});
  const auto watch = std::make_shared<Watch>();
  server.route(1, watch);
  const auto book = ConnectionBook::of(server);
  REQUIRE(server.start());
  book->close_all();  // nobody is there
  const auto address = "127.0.0.1:" + std::to_string(server.port());
  protocol::Command request;
  request.code = 1;
  {
    remoting::Client client(pool);
    REQUIRE(client.call_and_wait(address, request, 10s));
    book->close_all();
    REQUIRE(watch->closed.get_future().wait_for(10s) == std::future_status::ready);
  }
  remoting::Client client(pool);
  CHECK(client.call_and_wait(address, request, 10s));
  client.close();
  book->close_all();  // the first one is forgotten
  server.stop();
  pool.stop();
}

}  // namespace
}  // namespace rmq::broker
