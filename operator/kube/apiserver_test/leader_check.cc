#include <doctest/doctest.h>

#include <condition_variable>
#include <mutex>

#include "operator/kube/apiserver_test/fixture.h"
#include "operator/kube/event_recorder.h"
#include "operator/kube/json_access.h"
#include "operator/kube/leader_elector.h"

using namespace rmq;
using namespace rmq::kube;
using namespace rmq::kube::check;
using nlohmann::json;

TEST_CASE("election: of two candidates one leads, and the other when the first leaves") {
  Fixture f;
  (void)f.client.remove(kLeaseKind, {f.ns, "lease"});
  auto second_server = connect(arguments().kubeconfig, f.clock);
  Client second_client(*second_server);
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> story;
  const auto say = [&](const char* what) {
    return [&, what] {
      std::lock_guard lock(mutex);
      story.emplace_back(what);
      changed.notify_all();
    };
  };
  const auto told = [&](std::size_t count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(40), [&] { return story.size() >= count; });
  };
  LeaderElector a(f.client, {{f.ns, "lease"}, "a", {}}, {say("a leads"), say("a stops")});
  LeaderElector b(second_client, {{f.ns, "lease"}, "b", {}}, {say("b leads"), say("b stops")});
  a.start();
  REQUIRE(told(1));
  b.start();
  a.stop();
  REQUIRE(told(3));
  CHECK(story == std::vector<std::string>{"a leads", "a stops", "b leads"});
  const auto lease = f.client.get(kLeaseKind, {f.ns, "lease"});
  REQUIRE(lease);
  CHECK((*lease)["spec"]["holderIdentity"] == "b");
  CHECK((*lease)["spec"]["leaseDurationSeconds"] == 15);
  b.stop();
}

TEST_CASE("events: kubectl's view of one that was said many times") {
  Fixture f;
  const auto about = f.client.apply(kMaps, f.map("eventful"));
  REQUIRE(about);
  EventRecorder recorder(f.api(), {.instance = "check", .limits = {.silence_ms = 50}});
  for (int i = 0; i < 10; ++i) recorder.warning(*about, "BrokerDown", "broker-a has no master");
  const auto events_of = [&] {
    const auto list = f.client.list(kEventKind, f.ns);
    REQUIRE(list);
    std::vector<json> out;
    for (const auto& event : list->items) {
      if (text_at(event, {"regarding", "uid"}) == text_at(*about, {"metadata", "uid"})) out.push_back(event);
    }
    return out;
  };
  std::mutex mutex;
  std::condition_variable never;
  const auto wait_until = [&](auto condition) {
    const auto limit = f.clock.monotonic_ms() + 20'000;
    while (!condition() && f.clock.monotonic_ms() < limit) {
      std::unique_lock lock(mutex);
      never.wait_for(lock, std::chrono::milliseconds(100));
    }
    return condition();
  };
  REQUIRE(wait_until([&] { return !events_of().empty(); }));
  const auto event = events_of();
  REQUIRE(event.size() == 1);
  CHECK(event[0]["reason"] == "BrokerDown");
  CHECK(event[0]["type"] == "Warning");
  CHECK_FALSE(event[0].contains("series"));

  std::unique_lock lock(mutex);
  never.wait_for(lock, std::chrono::milliseconds(200));
  lock.unlock();
  recorder.warning(*about, "BrokerDown", "broker-a has no master");
  CHECK(wait_until([&] { return int_at(events_of()[0], {"series", "count"}) == 2; }));
  CHECK(events_of().size() == 1);
}
