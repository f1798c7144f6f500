#include "operator/reconcile/cluster/reconciler.h"

#include <doctest/doctest.h>

#include "operator/kube/json_access.h"
#include "operator/reconcile/cluster/reconciler_setup.h"

namespace rmq::operator_ {
namespace {

using nlohmann::json;
using testing::Setup;

const json kTwoGroups{{"nameServers", {{"replicas", 3}}}, {"brokerGroups", {{"count", 2}}}};

}  // namespace

TEST_CASE("a new cluster becomes ready, and then nothing is written") {
  Setup s;
  s.make("a", kTwoGroups);
  s.converge();
  CHECK(s.condition("Ready")["status"] == "True");
  CHECK(s.condition("Progressing")["status"] == "False");
  CHECK(s.condition("Degraded")["status"] == "False");
  auto status = s.status();
  CHECK(status["observedGeneration"] == 1);
  CHECK(status["brokerGroups"] == 2);
  CHECK(status["masters"] == 2);
  CHECK(status["readyNameServers"] == 3);
  CHECK(status["version"] == "0.1.0");
  CHECK(status["nameServerAddresses"][2] == "a-namesrv-2.a-namesrv.n.svc:9876");
  CHECK(status["groups"][1]["master"] == "a-broker-1-0");
  CHECK(status["groups"][1]["pods"][0]["address"] == "a-broker-1-0.n.svc:10911");

  const int writes = s.world.writes;
  const auto events = s.world.events.size();
  for (int i = 0; i < 10; ++i) {
    s.clock.advance(60'000);
    REQUIRE(s.once());
  }
  // Nor by an operator that has just been started.
  ClusterReconciler another(s.world, s.controllers, s.clock, BuildDefaults{});
  REQUIRE(another.reconcile({"n", "a"}));
  CHECK(s.world.writes == writes);
  CHECK(s.world.events.size() == events);
}

TEST_CASE("a new version reaches name servers first, then brokers, one pod at a time") {
  Setup s;
  s.make("a", kTwoGroups);
  s.converge();
  s.world.reset_least_ready();
  s.edit("a", {{"spec", {{"version", "2"}}}});
  bool broker_seen = false;
  for (int i = 0; i < 100; ++i) {
    REQUIRE(s.once());
    s.world.settle();
    if (s.world.find(kPods, {"n", "a-broker-0-0"}) && s.image("a-broker-0-0") == "rocketmq-k8s/broker:2") {
      if (!broker_seen) {
        for (const char* pod : {"a-namesrv-0", "a-namesrv-1", "a-namesrv-2"}) {
          CHECK(s.image(pod) == "rocketmq-k8s/namesrv:2");
        }
      }
      broker_seen = true;
    } else if (s.world.find(kPods, {"n", "a-broker-0-0"})) {
      CHECK(s.status()["version"] == "0.1.0");
    }
  }
  CHECK(broker_seen);
  CHECK(s.world.least_ready == 4);
  CHECK(s.image("a-broker-1-0") == "rocketmq-k8s/broker:2");
  CHECK(s.status()["version"] == "2");
  CHECK(s.condition("Ready")["status"] == "True");
  CHECK(s.condition("Progressing")["status"] == "False");
}

TEST_CASE("a rollout stops at the first pod that does not become ready, says why, and goes on once mended") {
  Setup s;
  s.make("a", kTwoGroups);
  s.converge();
  s.world.reset_least_ready();
  s.edit("a", {{"spec", {{"image", {{"broker", "bad:1"}}}}}});
  s.converge();
  CHECK(s.image("a-broker-0-0") == "bad:1");
  CHECK(s.image("a-broker-1-0") == "rocketmq-k8s/broker:0.1.0");
  CHECK(s.world.least_ready == 4);
  CHECK(s.condition("Ready")["status"] == "False");
  CHECK(s.condition("Degraded")["status"] == "True");
  CHECK(s.condition("Degraded")["message"] == "a-broker-0-0: ImagePullBackOff: no image bad:1");
  CHECK(s.condition("Progressing")["status"] == "True");
  CHECK(s.status()["groups"][0]["master"] == "");

  s.edit("a", {{"spec", {{"image", {{"broker", "good:1"}}}}}});
  s.converge();
  CHECK(s.image("a-broker-0-0") == "good:1");
  CHECK(s.image("a-broker-1-0") == "good:1");
  CHECK(s.condition("Ready")["status"] == "True");
  CHECK(s.condition("Degraded")["status"] == "False");
}

TEST_CASE("a change of configuration or resources restarts the brokers it concerns, and no name server") {
  Setup s;
  s.make("a", kTwoGroups);
  s.converge();
  auto name_server = s.world.at(kPods, "n", "a-namesrv-0")["metadata"]["uid"];
  auto broker = s.world.at(kPods, "n", "a-broker-0-0")["metadata"]["uid"];
  s.edit("a", {{"spec", {{"brokerGroups", {{"config", {{"fileReservedTime", "24"}}}}}}}});
  s.converge();
  CHECK(s.world.at(kPods, "n", "a-namesrv-0")["metadata"]["uid"] == name_server);
  CHECK(s.world.at(kPods, "n", "a-broker-0-0")["metadata"]["uid"] != broker);
  CHECK(s.world.at(kConfigMaps, "n", "a-broker-0")["data"]["broker.conf"].get<std::string>().find(
            "fileReservedTime=24\n") != std::string::npos);
}

TEST_CASE("more or fewer name servers restart no broker") {
  Setup s;
  s.make("a", kTwoGroups);
  s.converge();
  auto broker = s.world.at(kPods, "n", "a-broker-0-0");
  for (int replicas : {5, 1}) {
    s.edit("a", {{"spec", {{"nameServers", {{"replicas", replicas}}}}}});
    s.converge();
    CHECK(s.status()["readyNameServers"] == replicas);
    CHECK(s.status()["nameServerAddresses"].size() == static_cast<std::size_t>(replicas));
    CHECK(s.world.at(kPods, "n", "a-broker-0-0") == broker);
  }
}

TEST_CASE("a bad spec is answered by a condition and an event; what runs stays; others are not concerned") {
  Setup s;
  s.make("a", kTwoGroups);
  s.make("b", json::object());
  s.converge();
  const auto pods = s.world.count(kPods);
  s.edit("a", {{"spec", {{"brokerGroups", {{"count", 0}}}}}});
  s.converge();
  CHECK(s.condition("Degraded")["status"] == "True");
  CHECK(s.condition("Degraded")["reason"] == "InvalidSpec");
  CHECK(s.condition("Degraded")["message"] == "brokerGroups.count must be from 1 to 100, not 0");
  CHECK(s.condition("Degraded")["observedGeneration"] == 2);
  CHECK(s.world.events.back() == "InvalidSpec: brokerGroups.count must be from 1 to 100, not 0");
  CHECK(s.world.count(kPods) == pods);
  s.edit("a", {{"spec", {{"brokerGroups", "many"}}}});
  s.converge();
  CHECK(s.condition("Degraded")["message"] == "spec.brokerGroups must be an object");
  s.converge("b");
  CHECK(s.condition("Ready", "b")["status"] == "True");
  s.edit("a", {{"spec", {{"brokerGroups", {{"count", 2}}}}}});
  s.converge();
  CHECK(s.condition("Degraded")["status"] == "False");
}

TEST_CASE("groups grow on demand and shrink only when told twice") {
  Setup s;
  s.make("a", {{"brokerGroups", {{"count", 1}}}});
  s.converge();
  s.edit("a", {{"spec", {{"brokerGroups", {{"count", 3}}}}}});
  s.converge();
  CHECK(s.status()["masters"] == 3);

  s.edit("a", {{"spec", {{"brokerGroups", {{"count", 1}}}}}});
  s.converge();
  CHECK(s.condition("Degraded")["reason"] == "ScaleInRefused");
  CHECK(s.status()["brokerGroups"] == 3);
  CHECK(s.condition("Ready")["status"] == "True");
  // Kept up meanwhile.
  s.edit("a", {{"spec", {{"version", "2"}}}});
  s.converge();
  CHECK(s.image("a-broker-2-0") == "rocketmq-k8s/broker:2");

  s.edit("a", {{"metadata", {{"annotations", {{std::string(kForceScaleInAnnotation), "true"}}}}}});
  s.converge();
  CHECK(s.condition("Degraded")["status"] == "False");
  CHECK(s.status()["brokerGroups"] == 1);
  CHECK_FALSE(s.world.find(kStatefulSets, {"n", "a-broker-1"}));
  CHECK_FALSE(s.world.find(kServices, {"n", "a-broker-2-0"}));
  CHECK_FALSE(s.world.find(kConfigMaps, {"n", "a-broker-2"}));
  CHECK(s.world.find(kClaims, {"n", "store-a-broker-2-0"}));
}

TEST_CASE("what someone changed or deleted by hand comes back") {
  Setup s;
  s.make("a", kTwoGroups);
  s.converge();
  auto service = s.world.at(kServices, "n", "a-broker-0");
  const auto wanted = service["spec"];
  service["spec"]["ports"][0]["port"] = 1;
  s.world.put(kServices, service);
  s.world.erase(kConfigMaps, {"n", "a-broker-1"});
  s.converge();
  CHECK(s.world.at(kServices, "n", "a-broker-0")["spec"] == wanted);
  CHECK(s.world.find(kConfigMaps, {"n", "a-broker-1"}));
}

TEST_CASE("an object of somebody else's is left alone and named") {
  Setup s;
  s.world.put(kServices, {{"metadata", {{"name", "a-namesrv"}, {"namespace", "n"}}}, {"spec", {{"theirs", true}}}});
  s.make("a", kTwoGroups);
  s.converge("a", true);
  CHECK(s.condition("Degraded")["reason"] == "Conflict");
  CHECK(s.condition("Degraded")["message"] ==
        "name servers: Service a-namesrv exists and does not belong to this cluster");
  CHECK(s.world.at(kServices, "n", "a-namesrv")["spec"]["theirs"] == true);
}

TEST_CASE("paused: nothing is changed, the status goes on") {
  Setup s;
  s.make("a", kTwoGroups);
  s.converge();
  s.edit("a", {{"spec", {{"paused", true}, {"version", "2"}}}});
  s.converge();
  CHECK(s.image("a-namesrv-0") == "rocketmq-k8s/namesrv:0.1.0");
  CHECK(s.condition("Progressing")["reason"] == "Paused");
  CHECK(s.condition("Ready")["status"] == "True");
  s.edit("a", {{"spec", {{"paused", false}}}});
  s.converge();
  CHECK(s.image("a-namesrv-0") == "rocketmq-k8s/namesrv:2");
}

TEST_CASE("volumes grow without a broker's restart") {
  Setup s;
  s.make("a", {{"brokerGroups", {{"storage", {{"size", "1Gi"}}}}}});
  s.converge();
  auto broker = s.world.at(kPods, "n", "a-broker-0-0")["metadata"]["uid"];
  s.edit("a", {{"spec", {{"brokerGroups", {{"storage", {{"size", "2Gi"}}}}}}}});
  s.converge();
  CHECK(s.world.at(kClaims, "n", "store-a-broker-0-0")["spec"]["resources"]["requests"]["storage"] == "2Gi");
  CHECK(s.world.at(kStatefulSets, "n",
                   "a-broker-0")["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] ==
        "2Gi");
  CHECK(s.world.at(kPods, "n", "a-broker-0-0")["metadata"]["uid"] == broker);
  CHECK(s.condition("Ready")["status"] == "True");
}

TEST_CASE("storage that can't change is refused, the rest goes on") {
  Setup s;
  s.make("a", {{"brokerGroups", {{"storage", {{"size", "2Gi"}}}}}});
  s.converge();
  SUBCASE("shrinking") {
    s.edit("a", {{"spec", {{"brokerGroups", {{"storage", {{"size", "1Gi"}}}}}}}});
  }
  SUBCASE("another class") {
    s.edit("a", {{"spec", {{"brokerGroups", {{"storage", {{"class", "fast"}}}}}}}});
  }
  SUBCASE("a class that can't expand") {
    s.world.may_expand = false;
    s.edit("a", {{"spec", {{"brokerGroups", {{"storage", {{"size", "3Gi"}}}}}}}});
  }
  s.edit("a", {{"spec", {{"version", "2"}}}});
  // A refused growth is tried again in each pass, so the simulation never counts as quiet.
  for (int i = 0; i < 20; ++i) {
    REQUIRE(s.once());
    s.world.settle();
  }
  CHECK(s.condition("Degraded")["status"] == "True");
  CHECK(s.image("a-broker-0-0") == "rocketmq-k8s/broker:2");
}

TEST_CASE("a cluster on its way out is left to its owner references") {
  Setup s;
  s.make("a", kTwoGroups);
  s.edit("a", {{"metadata", {{"deletionTimestamp", "2026-01-01T00:00:00Z"}}}});
  s.converge();
  CHECK(s.world.writes == 0);
}

TEST_CASE("wherever a pass dies, the next ones end in the same place") {
  const auto live = [](bool fail_at, int n) {
    Setup s;
    s.make("a", kTwoGroups);
    if (fail_at) s.world.fail_write = n;
    s.converge("a", true);
    s.edit("a", {{"spec", {{"version", "2"}}}});
    s.converge("a", true);
    CHECK(s.condition("Ready")["status"] == "True");
    CHECK(s.status()["version"] == "2");
    json sets = json::array();
    for (const auto& set : s.world.select(kStatefulSets, "n", {})) sets.push_back((*set)["spec"]);
    return std::pair(sets, s.world.writes);
  };
  const auto [wanted, writes] = live(false, 0);
  for (int n = 1; n <= writes; ++n) {
    CAPTURE(n);
    CHECK(live(true, n).first == wanted);
  }
}

TEST_CASE("fields that the server rewrites are applied once, not in each pass") {
  Setup s;
  s.make("a", {{"brokerGroups", {{"resources", {{"limits", {{"memory", "1Gi"}}}}}}}});
  s.converge();
  // As if the API server had normalised what we applied; our field manager's hash stays.
  auto set = s.world.at(kStatefulSets, "n", "a-broker-0");
  set["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] = "1024Mi";
  s.world.put(kStatefulSets, set);
  const int writes = s.world.writes;
  REQUIRE(s.once());
  s.world.settle();
  REQUIRE(s.once());
  REQUIRE(s.once());
  CHECK(s.world.writes <= writes + 2);  // the status alone: the set's controller had to look again
}

}  // namespace rmq::operator_
