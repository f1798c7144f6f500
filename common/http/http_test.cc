#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <stdexcept>
#include <string>

#include "common/base/file.h"
#include "common/http/admin_server.h"
#include "common/http/metrics.h"

using namespace rmq;
using namespace rmq::http;

namespace {

// Sends `bytes` as they are; everything that comes back until the peer closes.
std::string talk(std::uint16_t port, std::string_view bytes) {
  UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  REQUIRE(::send(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size()));
  std::string answer;
  char buffer[4096];
  for (ssize_t n; (n = ::recv(fd.get(), buffer, sizeof(buffer), 0)) > 0;) answer.append(buffer, n);
  return answer;
}
std::string get(std::uint16_t port, std::string_view path) {
  return talk(port, "GET " + std::string(path) + " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
}
bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("metrics are written as Prometheus reads them") {
  Metrics metrics;
  std::atomic<std::uint64_t> requests{41};
  metrics.counter("requests_total", "Requests.", [&] { return static_cast<double>(++requests); });
  metrics.gauges("topic_bytes", "Size.", [] {
    return std::vector<Sample>{{{{"topic", "a\"b\\c\nd"}, {"x", "y"}}, 0.5},
                               {{{"topic", "e"}, {"x", ""}}, 12345678901.0}};
  });
  metrics.histograms("latency_seconds", "Latency.", [] {
    return std::vector<HistogramSample>{{{{"code", "105"}}, {{0.001, 3}, {0.01, 5}}, 6, 0.25}};
  });
  CHECK(metrics.text() ==
        "# HELP requests_total Requests.\n# TYPE requests_total counter\nrequests_total 42\n"
        "# HELP topic_bytes Size.\n# TYPE topic_bytes gauge\n"
        "topic_bytes{topic=\"a\\\"b\\\\c\\nd\",x=\"y\"} 0.5\ntopic_bytes{topic=\"e\",x=\"\"} 12345678901\n"
        "# HELP latency_seconds Latency.\n# TYPE latency_seconds histogram\n"
        "latency_seconds_count{code=\"105\"} 6\nlatency_seconds_sum{code=\"105\"} 0.25\n"
        "latency_seconds_bucket{code=\"105\",le=\"0.001\"} 3\nlatency_seconds_bucket{code=\"105\",le=\"0.01\"} 5\n"
        "latency_seconds_bucket{code=\"105\",le=\"+Inf\"} 6\n");
}

TEST_CASE("metrics that Prometheus would refuse are refused at registration") {
  Metrics metrics;
  auto zero = [] { return 0.0; };
  CHECK_THROWS_AS(metrics.gauge("9lives", "h", zero), std::invalid_argument);
  CHECK_THROWS_AS(metrics.gauge("with-dash", "h", zero), std::invalid_argument);
  CHECK_THROWS_AS(metrics.gauge("", "h", zero), std::invalid_argument);
  CHECK_THROWS_AS(metrics.gauge("no_help_bytes", "", zero), std::invalid_argument);
  CHECK_THROWS_AS(metrics.gauge("two_lines_bytes", "a\nb", zero), std::invalid_argument);
  CHECK_THROWS_AS(metrics.counter("requests", "h", zero), std::invalid_argument);
  metrics.gauge("a_bytes", "h", zero);
  CHECK_THROWS_AS(metrics.gauge("a_bytes", "h", zero), std::invalid_argument);
}

TEST_CASE("the admin port answers probes and scrapes") {
  AdminServer server("127.0.0.1", 0);
  std::atomic<bool> ready{false};
  server.add_liveness("loop", [] { return Status{}; });
  server.add_readiness("store", [&]() -> Status {
    if (ready) return {};
    return fail(ErrorKind::kUnavailable, "recovering, 40% done");
  });
  server.metrics().add_process_metrics();
  REQUIRE(server.start());

  auto health = get(server.port(), "/healthz");
  CHECK(health.starts_with("HTTP/1.1 200"));
  CHECK(health.ends_with("\r\n\r\nok\n"));
  auto not_ready = get(server.port(), "/readyz");
  CHECK(not_ready.starts_with("HTTP/1.1 503"));
  CHECK(not_ready.ends_with("store: recovering, 40% done\n"));
  ready = true;
  CHECK(get(server.port(), "/readyz?verbose").starts_with("HTTP/1.1 200"));

  auto metrics = get(server.port(), "/metrics");
  CHECK(has(metrics, "Content-Type: text/plain; version=0.0.4"));
  CHECK(has(metrics, "\nprocess_resident_memory_bytes "));
  CHECK(!has(metrics, "process_resident_memory_bytes 0\n"));

  CHECK(get(server.port(), "/").starts_with("HTTP/1.1 404"));
  CHECK(get(server.port(), "/../etc/passwd").starts_with("HTTP/1.1 404"));
  CHECK(talk(server.port(), "DELETE /healthz HTTP/1.1\r\nConnection: close\r\n\r\n").starts_with("HTTP/1.1 405"));
  auto head = talk(server.port(), "HEAD /healthz HTTP/1.1\r\nConnection: close\r\n\r\n");
  CHECK(head.starts_with("HTTP/1.1 200"));
  CHECK(head.ends_with("\r\n\r\n"));
}

TEST_CASE("one connection carries several requests") {
  AdminServer server("127.0.0.1", 0);
  REQUIRE(server.start());
  auto answers = talk(server.port(),
                      "GET /healthz HTTP/1.1\r\n\r\nGET /nope HTTP/1.1\r\n\r\n"
                      "GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n");
  CHECK(has(answers, "HTTP/1.1 404"));
  CHECK(answers.ends_with("ok\n"));
}

TEST_CASE("bad requests close their connection and nothing else") {
  AdminServer server("127.0.0.1", 0);
  REQUIRE(server.start());
  CHECK(talk(server.port(), "\x16\x03\x01\x02\x03 no http at all\r\n\r\n").empty());
  CHECK(talk(server.port(), "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x')).empty());
  CHECK(talk(server.port(), "POST /healthz HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc").empty());
  CHECK(get(server.port(), "/healthz").starts_with("HTTP/1.1 200"));
}

TEST_CASE("an address that is taken or none is an error") {
  AdminServer first("127.0.0.1", 0);
  REQUIRE(first.start());
  AdminServer second("127.0.0.1", first.port());
  auto status = second.start();
  REQUIRE(!status);
  CHECK(status.error().kind == ErrorKind::kIo);
  AdminServer third("not an address", 0);
  CHECK(third.start().error().kind == ErrorKind::kInvalid);
  first.stop();
  first.stop();
}
