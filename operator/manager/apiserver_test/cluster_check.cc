// The operator's life with a real API server: clusters come up, change, survive what goes wrong, and go.
#include <algorithm>

#include "operator/build/names.h"
#include "operator/kube/json_access.h"
#include "operator/manager/apiserver_test/fixture.h"

namespace rmq::operator_::check {

using kube::text_at;
using nlohmann::json;

namespace {

std::string image_of(Fixture& f, const std::string& pod) {
  auto live = f.get(kPods, pod);
  return live.is_null() ? "" : live["spec"]["containers"][0]["image"].get<std::string>();
}

const json kTwoGroups{{"nameServers", {{"replicas", 2}}}, {"brokerGroups", {{"count", 2}}}};

}  // namespace

TEST_CASE("a cluster comes up, rests, changes, and goes") {
  Fixture f("life");
  Kubelet kubelet(f.client);
  auto process =
      f.start_operator({"--network-policies", "--leader-elect", "--leader-lease=rocketmq-system/rocketmq-operator"});
  // 0.5 and 1024Mi come back as 500m and 1Gi: no reason to write again.
  auto spec = kTwoGroups;
  spec["brokerGroups"]["resources"] = {{"requests", {{"cpu", "0.5"}, {"memory", "1024Mi"}}}};
  REQUIRE(f.make("a", spec));
  REQUIRE(eventually([&] { return f.is_ready("a", 1); }));
  auto status = f.get(kClusters, "a")["status"];
  CHECK(status["masters"] == 2);
  CHECK(status["readyNameServers"] == 2);
  CHECK_FALSE(text_at(f.get(kServices, "a-broker-0-0"), {"spec", "clusterIP"}).empty());

  // At rest nothing is written.
  const auto before = f.versions();
  std::this_thread::sleep_for(std::chrono::seconds(10));
  CHECK(f.versions() == before);
  // A restarted operator finds all as it wants it.
  CHECK(process->terminate() == 0);
  process = f.start_operator();
  std::this_thread::sleep_for(std::chrono::seconds(5));
  CHECK(f.versions() == before);

  // A new version: every pod is replaced, the addresses stay.
  const auto address = f.get(kServices, "a-broker-0-0")["spec"]["clusterIP"];
  REQUIRE(f.edit("a", {{"spec", {{"version", "2"}}}}));
  REQUIRE(eventually([&] { return f.is_ready("a", 2); }));
  for (const char* pod : {"a-broker-0-0", "a-broker-1-0"}) CHECK(image_of(f, pod) == "rocketmq-k8s/broker:2");
  CHECK(image_of(f, "a-namesrv-1") == "rocketmq-k8s/namesrv:2");
  CHECK(f.get(kServices, "a-broker-0-0")["spec"]["clusterIP"] == address);

  // A bad image stops at the first broker.
  REQUIRE(f.edit("a", {{"spec", {{"image", {{"broker", "bad:1"}}}}}}));
  REQUIRE(eventually([&] { return f.condition("a", kDegraded) == "True"; }));
  CHECK(f.condition("a", kDegraded, "message") == "a-broker-0-0: ImagePullBackOff: no such image");
  std::this_thread::sleep_for(std::chrono::seconds(2));
  CHECK(image_of(f, "a-broker-1-0") == "rocketmq-k8s/broker:2");
  REQUIRE(f.edit("a", {{"spec", {{"image", {{"broker", nullptr}}}}}}));
  REQUIRE(eventually([&] { return f.is_ready("a", 4); }));

  // Volumes: this API server has no class that expands, so growth is refused with its words.
  REQUIRE(f.edit("a", {{"spec", {{"brokerGroups", {{"storage", {{"size", "11Gi"}}}}}}}}));
  REQUIRE(eventually([&] { return f.condition("a", kDegraded, "reason") == "StorageGrowthRefused"; }));

  // Deleted: everything goes but the claims.
  REQUIRE(f.client.remove(kClusters, {f.ns, "a"}));
  CHECK(eventually([&] {
    return f.client.list(kPods, f.ns)->items.empty() && f.client.list(kStatefulSets, f.ns)->items.empty() &&
           f.client.list(kBudgets, f.ns)->items.empty() && f.client.list(kNetworkPolicies, f.ns)->items.empty() &&
           f.client.list(kServices, f.ns)->items.empty();
  }));
  CHECK(f.client.list(kClaims, f.ns)->items.size() == 4);
  // Nothing was denied to the operator (it writes its log where the checks run).
  CHECK(run("/bin/sh", {"-c", "! grep -i forbidden operator.log | grep -v 'store-a-broker'"}) == 0);
  auto events = f.client.list({"events.k8s.io", "v1", "events", "Event"}, f.ns);
  REQUIRE(events);
  const auto has = [&](const char* reason) {
    return std::any_of(events->items.begin(), events->items.end(),
                       [&](const json& event) { return text_at(event, {"reason"}) == reason; });
  };
  for (const char* reason : {"Created", "Ready", "ReplacingPod", "PodsFailing"}) {
    CAPTURE(reason);
    CHECK(has(reason));
  }
}

TEST_CASE("storage policy delete takes the claims along") {
  Fixture f("claims");
  Kubelet kubelet(f.client);
  auto process = f.start_operator();
  REQUIRE(f.make("a", {{"nameServers", {{"storage", {{"policy", "delete"}}}}},
                       {"brokerGroups", {{"storage", {{"policy", "delete"}}}}}}));
  REQUIRE(eventually([&] { return f.is_ready("a", 1); }));
  CHECK(f.client.list(kClaims, f.ns)->items.size() == 3);
  std::this_thread::sleep_for(std::chrono::seconds(1));
  REQUIRE(f.client.remove(kClusters, {f.ns, "a"}));
  CHECK(eventually([&] { return f.client.list(kClaims, f.ns)->items.empty(); }));
}

TEST_CASE("a killed operator and a restarted API server converge again") {
  Fixture f("storms");
  Kubelet kubelet(f.client);
  auto process = f.start_operator();
  REQUIRE(f.make("a", kTwoGroups));
  for (int delay_ms : {20, 60, 120, 250, 500}) {
    std::this_thread::sleep_for(std::chrono::milliseconds(delay_ms));
    process->kill_now();
    process = f.start_operator();
  }
  CHECK(eventually([&] { return f.is_ready("a", 1); }));
  REQUIRE(f.edit("a", {{"spec", {{"version", "2"}}}}));
  std::this_thread::sleep_for(std::chrono::milliseconds(300));
  CHECK(run(arguments().restart, {}) == 0);
  CHECK(eventually([&] { return f.is_ready("a", 2); }, std::chrono::seconds(150)));
  REQUIRE(f.edit("a", {{"spec", {{"version", "3"}}}}));
  CHECK(eventually([&] { return f.is_ready("a", 3); }));
}

TEST_CASE("ten clusters in three namespaces, one of them broken, within 30 MiB") {
  Fixture f("many");
  for (const char* ns : {"many-1", "many-2"}) (void)f.client.create(kNamespaces, {{"metadata", {{"name", ns}}}});
  const std::string namespaces[] = {"many", "many-1", "many-2"};
  Kubelet kubelet(f.client);
  auto process = f.start_operator();
  REQUIRE(f.make("broken", {{"image", {{"broker", "bad:1"}}}}));
  for (int i = 0; i < 10; ++i) REQUIRE(f.make("c" + std::to_string(i), kTwoGroups, namespaces[i % 3]));
  for (int i = 0; i < 10; ++i) {
    CHECK(eventually([&] { return f.is_ready("c" + std::to_string(i), 1, namespaces[i % 3]); }));
  }
  CHECK(f.condition("broken", kDegraded, "reason") == "PodsFailing");
  std::this_thread::sleep_for(std::chrono::seconds(3));
  const auto resident = process->resident_kib();
  MESSAGE("operator resident memory with 10 clusters: " << resident << " KiB");
  CHECK(resident <= 30 * 1024);
}

}  // namespace rmq::operator_::check
