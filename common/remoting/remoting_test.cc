// Server and client against each other and against raw sockets, on loopback.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <mutex>

#include "common/base/bytes.h"
#include "common/base/file.h"
#include "common/remoting/client.h"
#include "common/remoting/server.h"

using namespace rmq;
using namespace rmq::remoting;
using namespace std::chrono_literals;
using protocol::Command;

namespace {

constexpr std::int32_t kEcho = 1;
constexpr std::int32_t kSlow = 2;
constexpr std::int32_t kCallBack = 3;
constexpr std::int32_t kSegments = 4;

class Echo : public Handler {
 public:
  void handle(const Request& request) override {
    ++requests;
    auto response = protocol::response_to(request.command, 0);
    response.body = std::string(request.command.body);
    response.set("peer", request.connection->remote_address());
    reply(request, std::move(response));
  }
  void end_of_burst(const ConnectionPtr&) override { ++bursts; }
  std::atomic<int> requests{0};
  std::atomic<int> bursts{0};
};

class Never : public Handler {
 public:
  void handle(const Request&) override {}
};

// Asks the peer before it answers it.
class CallBack : public Handler {
 public:
  void handle(const Request& request) override {
    Command question;
    question.code = kEcho;
    question.body = "who are you";
    request.connection->call(question, 1000ms, [to = ReplyTo::of(request)](Result<Command> answer) {
      Command response;
      response.body = answer ? answer->body : answer.error().message;
      to.send(response);
    });
  }
};

class Segments : public Handler {
 public:
  void handle(const Request& request) override {
    auto memory = std::make_shared<const std::string>(100'000, 'z');
    OutgoingFrame frame;
    const auto to = ReplyTo::of(request);
    protocol::FrameWriter writer(frame.head, to.head(0));
    writer.finish(memory->size());
    for (std::size_t at = 0; at < memory->size(); at += 1000) {
      frame.segments.push_back({std::string_view(*memory).substr(at, 1000)});
    }
    frame.owner = memory;
    request.connection->send(std::move(frame));
  }
};

struct Fixture {
  explicit Fixture(ServerOptions options = {}) : server(pool, with_loopback(std::move(options))) {
    server.route(kEcho, echo);
    server.route(kSlow, std::make_shared<Never>());
    server.route(kCallBack, std::make_shared<CallBack>());
    server.route(kSegments, std::make_shared<Segments>());
    server.route(kEcho + 100, echo, Execution::kWorker);
    REQUIRE(server.start());
    address = "127.0.0.1:" + std::to_string(server.port());
  }
  static ServerOptions with_loopback(ServerOptions options) {
    options.bind_host = "127.0.0.1";
    return options;
  }
  Result<Command> ask(std::int32_t code, std::string body = {}, std::chrono::milliseconds timeout = 2000ms) {
    Command command;
    command.code = code;
    command.body = std::move(body);
    return client.call_and_wait(address, command, timeout);
  }

  IoPool pool{2};
  std::shared_ptr<Echo> echo = std::make_shared<Echo>();
  Server server;
  Client client{pool};
  std::string address;
};

// A peer without manners.
class RawPeer {
 public:
  explicit RawPeer(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::connect(fd_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    timeval limit{5, 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  }
  void write(std::string_view bytes) { (void)!::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL); }
  bool closed_by_peer() {
    char c;
    return ::recv(fd_.get(), &c, 1, 0) <= 0 && errno != EAGAIN;
  }
  Command read_frame() {
    std::string bytes(4, 0);
    REQUIRE(::recv(fd_.get(), bytes.data(), 4, MSG_WAITALL) == 4);
    const auto length = load_be<std::int32_t>(bytes.data());
    bytes.resize(4 + static_cast<std::size_t>(length));
    REQUIRE(::recv(fd_.get(), bytes.data() + 4, static_cast<std::size_t>(length), MSG_WAITALL) == length);
    protocol::FrameDecoder decoder;
    auto view = decoder.decode(bytes);
    REQUIRE(view);
    return Command::from(**view);
  }

 private:
  UniqueFd fd_;
};

std::string request_frame(std::int32_t code, std::int32_t opaque, std::int16_t version = protocol::kVersion) {
  Command command;
  command.code = code;
  command.opaque = opaque;
  command.version = version;
  return protocol::encode(command);
}

}  // namespace

TEST_CASE("a second door leads to the same; one that is taken is no reason to fail") {
  Fixture other;  // whose port is taken
  Fixture taken({.second_port = other.server.port()});
  CHECK(taken.ask(kEcho, "first").value().body == "first");

  std::uint16_t free_port = 0;
  {
    Fixture passing;
    free_port = passing.server.port();
    passing.client.close();
    passing.server.stop();
  }
  Fixture two({.second_port = free_port});
  CHECK(two.ask(kEcho, "first").value().body == "first");
  two.address = "127.0.0.1:" + std::to_string(free_port);
  CHECK(two.ask(kEcho, "second").value().body == "second");
  CHECK(two.echo->requests == 2);
}

TEST_CASE("remoting: request and answer, inline and on a worker") {
  Fixture f;
  auto answer = f.ask(kEcho, "hello");
  REQUIRE(answer);
  CHECK(answer->body == "hello");
  CHECK(answer->is_response());
  CHECK(f.ask(kEcho + 100, "worker")->body == "worker");
  const std::string large(8 * 1024 * 1024, 'l');
  CHECK(f.ask(kEcho, large)->body == large);
}

TEST_CASE("remoting: an unknown code is answered in the original's words") {
  Fixture f;
  auto answer = f.ask(4711);
  REQUIRE(answer);
  CHECK(answer->code == 3);
  CHECK(answer->remark == " request type 4711 not supported");
}

TEST_CASE("remoting: frames of one write are one burst") {
  Fixture f;
  RawPeer peer(f.server.port());
  std::string bytes;
  for (int i = 0; i < 10; ++i) bytes += request_frame(kEcho, i);
  peer.write(bytes);
  for (int i = 0; i < 10; ++i) CHECK(peer.read_frame().opaque == i);
  CHECK(f.echo->requests == 10);
  CHECK(f.echo->bursts == 1);
}

TEST_CASE("remoting: the server asks the client on the same connection") {
  Fixture f;
  f.client.route(kEcho, std::make_shared<Echo>());
  CHECK(f.ask(kCallBack)->body == "who are you");
}

TEST_CASE("remoting: no answer is a timeout, a closed connection is unavailable") {
  Fixture f;
  CHECK(f.ask(kSlow, "", 50ms).error().kind == ErrorKind::kTimeout);
  Command command;
  command.code = kSlow;
  std::promise<Result<Command>> promise;
  f.client.call(f.address, command, 5000ms, [&](Result<Command> result) { promise.set_value(std::move(result)); });
  REQUIRE(f.ask(kEcho));  // the first request has arrived before
  f.server.stop();
  CHECK(promise.get_future().get().error().kind == ErrorKind::kUnavailable);
  CHECK(f.ask(kEcho).error().kind == ErrorKind::kUnavailable);
}

TEST_CASE("remoting: gathered segments arrive in order") {
  Fixture f;
  CHECK(f.ask(kSegments)->body == std::string(100'000, 'z'));
}

TEST_CASE("remoting: junk closes its connection only") {
  Fixture f;
  for (std::string junk : {std::string("GET / HTTP/1.1\r\n\r\n"), std::string(64, '\xff'), std::string(8, '\0'),
                           std::string("PROXY TCP4 bad bad bad bad\r\n")}) {
    RawPeer peer(f.server.port());
    peer.write(junk);
    CHECK(peer.closed_by_peer());
  }
  CHECK(f.ask(kEcho, "alive")->body == "alive");
  CHECK(f.server.stats().protocol_errors_total >= 4);
}

TEST_CASE("remoting: the PROXY preamble names the client") {
  Fixture f;
  RawPeer peer(f.server.port());
  peer.write("PROXY TCP4 192.0.2.7 192.0.2.2 5000 9876\r\n" + request_frame(kEcho, 1));
  CHECK(peer.read_frame().view().ext("peer") == "192.0.2.7:5000");
}

TEST_CASE("remoting: TLS and plain text share the port") {
  Fixture f;
  Client secure(f.pool, {.use_tls = true});
  Command command;
  command.code = kEcho;
  command.body = std::string(100'000, 's');
  auto answer = secure.call_and_wait(f.address, command, 5000ms);
  REQUIRE(answer);
  CHECK(answer->body == command.body);
  CHECK(f.ask(kEcho, "plain")->body == "plain");
}

TEST_CASE("remoting: enforced TLS refuses plain text, disabled TLS refuses a hello") {
  ServerOptions enforcing;
  enforcing.tls.mode = TlsMode::kEnforcing;
  Fixture f(enforcing);
  CHECK_FALSE(f.ask(kEcho, "", 1000ms));
  Client secure(f.pool, {.use_tls = true});
  Command command;
  command.code = kEcho;
  CHECK(secure.call_and_wait(f.address, command, 5000ms));

  ServerOptions disabled;
  disabled.tls.mode = TlsMode::kDisabled;
  Fixture g(disabled);
  CHECK_FALSE(Client(g.pool, {.use_tls = true}).call_and_wait(g.address, command, 1000ms));
}

TEST_CASE("remoting: idle connections and connections over the limit are closed") {
  ServerOptions options;
  options.idle_timeout = 1s;
  options.max_connections = 1;
  Fixture f(options);
  RawPeer first(f.server.port());
  first.write(request_frame(kEcho, 1));
  CHECK(first.read_frame().opaque == 1);
  RawPeer second(f.server.port());
  CHECK(second.closed_by_peer());
  CHECK(first.closed_by_peer());
  CHECK(f.server.stats().refused_total == 1);
}

TEST_CASE("remoting: receive buffers together stay below their limit") {
  ServerOptions options;
  options.max_receive_bytes = 1024 * 1024;
  Fixture f(options);
  RawPeer peer(f.server.port());
  std::string bytes;
  append_be<std::int32_t>(bytes, 15 * 1024 * 1024);
  append_be<std::int32_t>(bytes, 20);
  peer.write(bytes);
  for (int i = 0; i < 40; ++i) peer.write(std::string(256 * 1024, 'x'));
  CHECK(peer.closed_by_peer());
  CHECK(f.ask(kEcho, "alive"));
}

TEST_CASE("remoting: a stopping server sends those away who know how") {
  Fixture f;
  RawPeer peer(f.server.port());
  peer.write(request_frame(kEcho, 1));
  CHECK(peer.read_frame().code == 0);
  f.server.drain();
  peer.write(request_frame(kEcho, 2, 513));
  CHECK(peer.read_frame().code == 1500);
  peer.write(request_frame(kEcho, 3, 409));
  CHECK(peer.read_frame().code == 0);
}
