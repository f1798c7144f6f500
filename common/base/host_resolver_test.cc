#include "common/base/host_resolver.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>

namespace rmq {

namespace {

std::promise<void>* release = nullptr;  // the DNS of these tests answers when it is set
std::atomic<int> asked{0};

HostResolver::Addresses hanging_dns(const std::string& host) {
  ++asked;
  release->get_future().wait();
  return std::vector<std::string>{"10.0.0.1", host};
}

}  // namespace

struct HostResolverTest {
  static HostResolver hanging() { return HostResolver(&hanging_dns); }
};

TEST_CASE("IPs are their own answer, at once and here") {
  HostResolver resolver;
  for (const std::string ip : {"127.0.0.1", "::1"}) {
    bool told = false;
    resolver.resolve(ip, [&](const HostResolver::Addresses& answer) {
      REQUIRE(answer);
      CHECK(*answer == std::vector{ip});
      told = true;
    });
    CHECK(told);
  }
}

TEST_CASE("names") {
  HostResolver resolver;
  const auto local = resolver.resolve_and_wait("localhost", std::chrono::seconds(10));
  REQUIRE(local);
  CHECK_FALSE(local->empty());
  CHECK_FALSE(resolver.resolve_and_wait("no such host", std::chrono::seconds(60)));
}

TEST_CASE("a DNS that hangs holds up nobody: not who waits, not other names, not the end") {
  std::promise<void> gate;
  release = &gate;
  std::promise<HostResolver::Addresses> late;
  {
    auto resolver = HostResolverTest::hanging();
    resolver.resolve("far", [&](const HostResolver::Addresses& answer) { late.set_value(answer); });
    const auto second = resolver.resolve_and_wait("far", std::chrono::milliseconds(20));
    REQUIRE_FALSE(second);
    CHECK(second.error().kind == ErrorKind::kTimeout);
    CHECK(resolver.resolve_and_wait("127.0.0.1", std::chrono::seconds(10)));
  }
  gate.set_value();
  const auto answer = late.get_future().get();
  REQUIRE(answer);
  CHECK(answer->size() == 2);
  CHECK(asked == 1);  // the second question shared the first one's lookup
}

}  // namespace rmq
