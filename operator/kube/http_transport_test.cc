#include <doctest/doctest.h>

#include <future>

#include "operator/kube/fake_transport.h"
#include "operator/kube/http_transport.h"
#include "operator/kube/tls_test_server.h"

using namespace rmq;
using namespace rmq::kube;
using namespace rmq::kube::testing;
using std::chrono::milliseconds;

namespace {

TestAuthority& authority() {
  static TestAuthority one("test-ca");
  return one;
}

struct Outcome {
  Status status;
  HttpAnswer answer;
};

// A client of a server on 127.0.0.1.
struct Wire {
  explicit Wire(std::uint16_t port, TlsMaterial tls = {.ca = authority().certificate()},
                HttpTransportOptions options = {}) {
    options.host = options.host.empty() ? "127.0.0.1" : options.host;
    options.port = port;
    transport = make_http_transport(loop, std::move(options));
    const auto ready = transport->set_tls(tls);
    CHECK(ready);
  }
  ~Wire() {
    transport->close();
    loop.shut_down();
  }
  std::future<Outcome> start(HttpRequest request) {
    auto promise = std::make_shared<std::promise<Outcome>>();
    auto outcome = std::make_shared<Outcome>();
    last_id = transport->start(std::move(request), {.on_head =
                                                        [outcome](const HttpHead& head) {
                                                          outcome->answer.status = head.status;
                                                          outcome->answer.retry_after = head.retry_after;
                                                        },
                                                    .on_body =
                                                        [this, outcome](std::string_view bytes) {
                                                          outcome->answer.body.append(bytes);
                                                          arrived.change([&] { body += bytes; });
                                                          return true;
                                                        },
                                                    .on_end =
                                                        [promise, outcome](Status status) {
                                                          outcome->status = std::move(status);
                                                          promise->set_value(*outcome);
                                                        }});
    return promise->get_future();
  }
  Outcome get(HttpRequest request = {.target = "/x"}) { return start(std::move(request)).get(); }

  EventLoop loop;
  std::unique_ptr<Transport> transport;
  std::uint64_t last_id = 0;
  Eventually arrived;
  std::string body;
};

HttpRequest watch(milliseconds idle = milliseconds(20'000)) {
  return {.target = "/w", .idle_timeout = idle};
}
constexpr char kChunked[] = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string chunk(const std::string& text) {
  char size[16];
  std::snprintf(size, sizeof(size), "%zx\r\n", text.size());
  return size + text + "\r\n";
}

void echo_heads(TestConnection& connection) {
  for (;;) {
    const auto request = connection.read_request();
    if (request.empty() || !connection.answer(request)) return;
  }
}

TestIdentity local() {
  return authority().issue("server", "IP:127.0.0.1,DNS:localhost");
}

}  // namespace

TEST_CASE("transport: requests over one kept connection, with their heads and bodies") {
  TlsTestServer server(local(), echo_heads);
  Wire wire(server.port(), {.ca = authority().certificate()}, {.base_path = "/prefix", .user_agent = "me"});
  const auto got = wire.get({.target = "/a?b=c", .authorization = "Bearer t"});
  REQUIRE(got.status);
  CHECK(got.answer.status == 200);
  CHECK(got.answer.body.starts_with("GET /prefix/a?b=c HTTP/1.1\r\nHost: 127.0.0.1:"));
  CHECK(got.answer.body.find("Authorization: Bearer t\r\n") != std::string::npos);
  CHECK(got.answer.body.find("User-Agent: me\r\n") != std::string::npos);
  const auto put =
      wire.get({.method = "PATCH", .target = "/a", .content_type = "application/json", .body = "{\"k\":1}"});
  REQUIRE(put.status);
  CHECK(put.answer.body.ends_with("\r\n\r\n{\"k\":1}"));
  CHECK(put.answer.body.find("Content-Type: application/json\r\n") != std::string::npos);
  for (int i = 0; i < 20; ++i) CHECK(wire.get().status);
  CHECK(server.connections() == 1);
}

TEST_CASE("transport: many at a time, bounded") {
  TlsTestServer server(local(), echo_heads);
  Wire wire(server.port(), {.ca = authority().certificate()}, {.max_exchanges = 8});
  std::vector<std::future<Outcome>> all;
  for (int i = 0; i < 8; ++i) all.push_back(wire.start({.target = "/x"}));
  for (auto& one : all) CHECK(one.get().status);

  std::vector<std::future<Outcome>> more;
  wire.loop.run_and_wait([&] {
    for (int i = 0; i < 9; ++i) more.push_back(wire.start({.target = "/x"}));
  });
  int full = 0;
  for (auto& one : more) {
    const auto outcome = one.get();
    if (!outcome.status && outcome.status.error().kind == ErrorKind::kFull) ++full;
  }
  CHECK(full == 1);
}

TEST_CASE("transport: whom we do not trust, we do not talk to") {
  TestAuthority stranger("stranger");
  const auto denied = [](const Outcome& outcome) {
    return !outcome.status && outcome.status.error().kind == ErrorKind::kDenied;
  };
  {
    TlsTestServer server(stranger.issue("server", "IP:127.0.0.1"), echo_heads);
    const auto outcome = Wire(server.port()).get();
    CHECK(denied(outcome));
    CHECK(outcome.status.error().message.find("verify failed") != std::string::npos);
    CHECK(Wire(server.port(), {.insecure = true}).get().status);
  }
  {  // Right authority, wrong name: neither another address nor a common name counts.
    TlsTestServer server(authority().issue("127.0.0.1", "IP:10.0.0.1,DNS:example.org"), echo_heads);
    CHECK(denied(Wire(server.port()).get()));
    const TlsMaterial tls{.ca = authority().certificate()};
    CHECK(Wire(server.port(), tls, {.server_name = "example.org"}).get().status);
    CHECK(denied(Wire(server.port(), tls, {.server_name = "other.org"}).get()));
  }
  {
    TlsTestServer server(local(), echo_heads);
    CHECK(Wire(server.port(), {.ca = authority().certificate()}, {.host = "localhost"}).get().status);
  }
}

TEST_CASE("transport: client certificates") {
  TlsTestServer server(
      local(),
      [](TestConnection& connection) {
        while (!connection.read_request().empty()) connection.answer(connection.client_name());
      },
      authority().certificate());
  const auto me = authority().issue("operator", "");
  const TlsMaterial with{.ca = authority().certificate(), .certificate = me.certificate, .key = me.key};
  CHECK(Wire(server.port(), with).get().answer.body == "operator");
  CHECK_FALSE(Wire(server.port()).get().status);

  EventLoop loop;
  auto transport = make_http_transport(loop, {.host = "127.0.0.1"});
  CHECK(transport->set_tls({.ca = "nonsense"}).error().kind == ErrorKind::kInvalid);
  CHECK(transport->set_tls({.certificate = me.certificate, .key = local().key}).error().kind == ErrorKind::kInvalid);
}

TEST_CASE("transport: new TLS settings count for the next request") {
  TestAuthority stranger("stranger");
  TlsTestServer server(local(), echo_heads);
  Wire wire(server.port(), {.ca = stranger.certificate()});
  CHECK_FALSE(wire.get().status);
  REQUIRE(wire.transport->set_tls({.ca = authority().certificate()}));
  CHECK(wire.get().status);
  REQUIRE(wire.transport->set_tls({.ca = stranger.certificate()}));
  CHECK_FALSE(wire.get().status);
}

TEST_CASE("transport: a watch's pieces arrive as they are sent, and its end is clean") {
  std::promise<void> go_on;
  auto may_go_on = go_on.get_future();
  TlsTestServer server(local(), [&](TestConnection& connection) {
    connection.read_request();
    connection.write(kChunked + chunk("{\"a\":") + chunk("1}\n"));
    may_go_on.wait();
    connection.write(chunk("{\"b\":2}\n"));
    connection.write("0\r\n\r\n");
    connection.wait_for_client();
  });
  Wire wire(server.port());
  auto ended = wire.start(watch());
  CHECK(wire.arrived.wait([&] { return wire.body == "{\"a\":1}\n"; }));
  go_on.set_value();
  const auto outcome = ended.get();
  CHECK(outcome.status);
  CHECK(outcome.answer.body == "{\"a\":1}\n{\"b\":2}\n");
}

TEST_CASE("transport: a watch ends by silence, by reset, or by our own will") {
  TlsTestServer server(local(), [](TestConnection& connection) {
    const auto request = connection.read_request();
    connection.write(kChunked + chunk("x\n"));
    if (request.find("/reset") != std::string::npos) {
      connection.reset();
      return;
    }
    connection.wait_for_client();
  });
  Wire wire(server.port());
  const auto silent = wire.get(watch(milliseconds(100)));
  CHECK(silent.answer.body == "x\n");
  REQUIRE_FALSE(silent.status);
  CHECK(silent.status.error().kind == ErrorKind::kTimeout);

  auto reset = watch();
  reset.target = "/reset";
  CHECK(wire.get(reset).status.error().kind == ErrorKind::kUnavailable);

  wire.body.clear();
  auto cancelled = wire.start(watch());
  CHECK(wire.arrived.wait([&] { return wire.body == "x\n"; }));
  wire.transport->cancel(wire.last_id);
  CHECK(cancelled.get().status.error().message == "cancelled");
  wire.transport->cancel(wire.last_id);  // once more: nothing

  wire.body.clear();
  auto closed = wire.start(watch());
  CHECK(wire.arrived.wait([&] { return wire.body == "x\n"; }));
  wire.transport->close();
  CHECK(closed.get().status.error().kind == ErrorKind::kUnavailable);
  CHECK(wire.get().status.error().kind == ErrorKind::kUnavailable);
}

TEST_CASE("transport: no answer in time, or nobody there") {
  TlsTestServer server(local(), [](TestConnection& connection) { connection.wait_for_client(); });
  Wire wire(server.port());
  CHECK(wire.get({.target = "/x", .timeout = milliseconds(100)}).status.error().kind == ErrorKind::kTimeout);
  std::uint16_t free_port;
  {
    TlsTestServer gone(local(), echo_heads);
    free_port = gone.port();
  }
  CHECK(Wire(free_port).get().status.error().kind == ErrorKind::kUnavailable);
}

TEST_CASE("transport: a kept connection that the server closed is replaced unseen") {
  // Each connection answers one request and closes, without having said so.
  TlsTestServer server(local(), [](TestConnection& connection) {
    if (!connection.read_request().empty()) connection.answer("ok");
  });
  Wire wire(server.port());
  for (int i = 0; i < 20; ++i) {
    const auto outcome = wire.get();
    CHECK(outcome.status);
    CHECK(outcome.answer.body == "ok");
  }
}

TEST_CASE("transport: answers too large, torn or no HTTP at all are errors") {
  TlsTestServer server(local(), [](TestConnection& connection) {
    const auto request = connection.read_request();
    if (request.find("/large") != std::string::npos) connection.answer(std::string(100'000, 'x'));
    if (request.find("/endless") != std::string::npos) {
      connection.write(kChunked);
      for (int i = 0; i < 100 && connection.write(chunk(std::string(10'000, 'x'))); ++i) {
      }
    }
    if (request.find("/torn") != std::string::npos)
      connection.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
    if (request.find("/nonsense") != std::string::npos) connection.write("220 smtp.example.org ESMTP\r\n");
    if (request.find("/head") != std::string::npos) {
      connection.write("HTTP/1.1 200 OK\r\nX: " + std::string(100'000, 'x') + "\r\n\r\n");
    }
  });
  Wire wire(server.port());
  const auto error_of = [&](const std::string& target) {
    const auto outcome = wire.get({.target = target, .max_body_bytes = 50'000});
    REQUIRE_FALSE(outcome.status);
    CHECK(outcome.answer.body.size() <= 50'000);
    return outcome.status.error().kind;
  };
  CHECK(error_of("/large") == ErrorKind::kInvalid);
  CHECK(error_of("/endless") == ErrorKind::kInvalid);
  CHECK(error_of("/torn") == ErrorKind::kUnavailable);
  CHECK(error_of("/nonsense") == ErrorKind::kUnavailable);
  CHECK(error_of("/head") == ErrorKind::kInvalid);
}

TEST_CASE("transport: Retry-After in seconds; a date counts as none") {
  TlsTestServer server(local(), [](TestConnection& connection) {
    while (true) {
      const auto request = connection.read_request();
      if (request.empty()) return;
      const bool date = request.find("/date") != std::string::npos;
      connection.answer("{}", "429 Too Many Requests",
                        date ? "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n" : "Retry-After: 7\r\n");
    }
  });
  Wire wire(server.port());
  CHECK(wire.get().answer.retry_after == std::chrono::seconds(7));
  CHECK(wire.get({.target = "/date"}).answer.retry_after == std::chrono::seconds(0));
}
