#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "operator/kube/fake_transport.h"
#include "operator/kube/json_access.h"
#include "operator/kube/leader_elector.h"

using namespace rmq;
using namespace rmq::kube;
using namespace rmq::kube::testing;
using nlohmann::json;

namespace {

// The API server's part: one Lease, written only by whoever saw its latest version. Runs on one loop: no lock.
struct FakeLease {
  json lease;
  int version = 0;
  std::atomic<bool> down{false};

  void serve(const HttpRequest& request, const ReplyPtr& reply) {
    if (down) return reply->end(fail(ErrorKind::kUnavailable, "down"));
    if (request.method == "GET") {
      if (version == 0) return reply->answer(404, R"({"reason":"NotFound"})");
      return reply->answer(200, lease.dump());
    }
    auto next = json::parse(request.body);
    const bool creates = request.method == "POST";
    if (creates ? version != 0 : text_at(next, {"metadata", "resourceVersion"}) != std::to_string(version)) {
      return reply->answer(409, R"({"reason":"Conflict"})");
    }
    next["metadata"]["resourceVersion"] = std::to_string(++version);
    lease = std::move(next);
    reply->answer(200, lease.dump());
  }
};

const LeaseTimes kQuick{1'000, 500, 20};

}  // namespace

TEST_CASE("elector: one leads; when it leaves, the next follows at once; when it loses the server, it stops first") {
  SystemClock clock;
  FakeLease fake;
  auto server = fake_server([&](const HttpRequest& r, const ReplyPtr& reply) { fake.serve(r, reply); }, clock);
  Client client(*server);
  Eventually eventually;
  std::vector<std::string> story;
  const auto say = [&](std::string what) {
    return [&eventually, &story, what] { eventually.change([&] { story.push_back(what); }); };
  };
  LeaderElector a(client, {{"ns", "lease"}, "a", kQuick}, {say("a leads"), say("a stops")});
  LeaderElector b(client, {{"ns", "lease"}, "b", kQuick}, {say("b leads"), say("b stops")});
  a.start();
  REQUIRE(eventually.wait([&] { return story.size() == 1; }));
  CHECK(a.is_leader());
  b.start();
  a.stop();
  CHECK_FALSE(a.is_leader());
  REQUIRE(eventually.wait([&] { return story.size() == 3; }));
  CHECK(story == std::vector<std::string>{"a leads", "a stops", "b leads"});
  CHECK(b.is_leader());
  CHECK(b.holder() == "b");

  fake.down = true;
  REQUIRE(eventually.wait([&] { return story.size() == 4; }));
  CHECK(story.back() == "b stops");
  CHECK_FALSE(b.is_leader());
  fake.down = false;
  REQUIRE(eventually.wait([&] { return story.size() == 5; }));
  CHECK(story.back() == "b leads");
  b.stop();
  CHECK(story.back() == "b stops");
  server->loop().run_and_wait([&] {
    CHECK(fake.lease["spec"]["holderIdentity"] == "");
    CHECK(fake.lease["spec"]["leaseTransitions"] >= 1);
  });
}

TEST_CASE("elector: while another holds the lease it waits") {
  SystemClock clock;
  FakeLease fake;
  fake.version = 1;
  fake.lease = {{"metadata", {{"namespace", "ns"}, {"name", "lease"}, {"resourceVersion", "1"}}},
                {"spec", {{"holderIdentity", "x"}, {"leaseDurationSeconds", 1}}}};
  std::atomic<int> gets{0};
  Eventually eventually;
  auto server = fake_server(
      [&](const HttpRequest& r, const ReplyPtr& reply) {
        eventually.change([&] { ++gets; });
        fake.serve(r, reply);
      },
      clock);
  Client client(*server);
  std::atomic<bool> led{false};
  LeaderElector a(client, {{"ns", "lease"}, "a", kQuick}, {[&] { led = true; }, {}});
  a.start();
  REQUIRE(eventually.wait([&] { return gets > 5; }));
  CHECK_FALSE(led);
  CHECK(a.holder() == "x");
  // It never renews: taken over after its duration by our clock.
  REQUIRE(eventually.wait([&] { return led.load(); }));
  a.stop();
}
