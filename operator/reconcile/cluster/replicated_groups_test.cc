// Clusters with several replicas a group, over simulated Controllers.
#include <algorithm>

#include "operator/reconcile/cluster/reconciler_setup.h"

namespace rmq::operator_ {
namespace {

using nlohmann::json;
using testing::Setup;

const kube::ObjectKey kA{"n", "a"};

json sync_spec(int replicas, int groups = 1) {
  return {{"nameServers", {{"replicas", 1}}},
          {"brokerGroups", {{"count", groups}, {"replicasPerGroup", replicas}, {"replication", "sync"}}}};
}
std::string role(Setup& s, const std::string& pod) {
  return s.world.at(kPods, "n", pod)["metadata"]["labels"].value(std::string(kRoleLabel), "");
}
std::string master_service_leads_to(Setup& s, const std::string& group = "a-broker-0") {
  return s.world.at(kServices, "n", group)["spec"]["selector"].value(std::string(kPodNameLabel), "");
}

}  // namespace

TEST_CASE("a replicated cluster has a controller, a broker group each, roles, and a service that leads to the master") {
  Setup s;
  s.make("a", sync_spec(3, 2));
  s.converge();
  CHECK(s.condition("Ready")["status"] == "True");
  CHECK(s.condition("Progressing")["status"] == "False");
  CHECK(s.condition("UncleanElection")["status"] == "False");
  CHECK(s.status()["masters"] == 2);
  CHECK(s.world.count(kBrokerGroups) == 2);
  auto group = s.world.at(kBrokerGroups, "n", "a-broker-1");
  CHECK(group["spec"]["newGroup"] == true);
  CHECK(group["metadata"]["finalizers"] == json::array({kBrokerGroupFinalizer}));
  auto slice = s.world.at(kEndpointSlices, "n", "a-controller");
  CHECK(slice["endpoints"][0]["addresses"][0] == "10.0.0.9");
  CHECK(slice["ports"][0]["port"] == 19'100);
  CHECK(s.world.find(kServices, {"n", "a-controller"}));
  CHECK(role(s, "a-broker-0-0") == "master");
  CHECK(role(s, "a-broker-0-2") == "slave");
  auto pods = s.status()["groups"][0]["pods"];
  CHECK(pods[1]["role"] == "slave");
  CHECK(pods[1]["inSync"] == true);

  const int writes = s.world.writes;
  for (int i = 0; i < 5; ++i) REQUIRE(s.once());
  CHECK(s.world.writes == writes);
}

TEST_CASE("after an election service, labels and status follow the master") {
  Setup s;
  s.make("a", sync_spec(2));
  s.converge();
  CHECK(master_service_leads_to(s) == "a-broker-0-0");
  s.controllers.switch_over(kA, "a-broker-0", "a-broker-0-1");
  s.converge();
  CHECK(master_service_leads_to(s) == "a-broker-0-1");
  CHECK(role(s, "a-broker-0-0") == "slave");
  CHECK(role(s, "a-broker-0-1") == "master");
  CHECK(s.status()["groups"][0]["master"] == "a-broker-0-1");
}

TEST_CASE("a group without a master says so, and its service stays where it was") {
  Setup s;
  s.make("a", sync_spec(2));
  s.converge();
  s.controllers.switch_over(kA, "a-broker-0", "a-broker-0-1");
  s.converge();
  s.controllers.lagging = {"a-broker-0-0", "a-broker-0-1"};
  s.converge();
  CHECK(s.condition("Ready")["status"] == "False");
  CHECK(s.condition("Degraded")["reason"] == "NoMaster");
  CHECK(master_service_leads_to(s) == "a-broker-0-1");
  CHECK(role(s, "a-broker-0-1") == "slave");
}

TEST_CASE("a replica that lags is waited for, the cluster serves meanwhile") {
  Setup s;
  s.make("a", sync_spec(2));
  s.controllers.lagging = {"a-broker-0-1"};
  s.converge();
  CHECK(s.condition("Ready")["status"] == "True");
  CHECK(s.condition("Progressing")["message"] == "waiting for a-broker-0-1 to be in its group's sync set");
}

TEST_CASE("a roll-out takes slaves first and hands the mastership over before the master goes") {
  Setup s;
  s.make("a", sync_spec(3));
  s.converge();
  s.world.reset_least_ready();
  s.edit("a", {{"spec", {{"image", {{"broker", "x:2"}}}}}});
  std::vector<std::string> order;
  for (int i = 0; i < 60; ++i) {
    const auto before = s.world.events.size();
    REQUIRE(s.once());
    for (auto event = before; event < s.world.events.size(); ++event) {
      if (s.world.events[event].starts_with("ReplacingPod")) order.push_back(s.world.events[event].substr(24, 12));
    }
    // At no time is the master's pod the one that goes.
    CHECK_FALSE(s.controllers.view(kA, "a-broker-0")->master.empty());
    s.world.settle();
  }
  CHECK(order == std::vector<std::string>{"a-broker-0-1", "a-broker-0-2", "a-broker-0-0"});
  CHECK(s.controllers.switched == std::vector<std::string>{"a-broker-0-1"});
  CHECK(s.world.least_ready == 3);  // of four pods
  for (const char* pod : {"a-broker-0-0", "a-broker-0-1", "a-broker-0-2"}) CHECK(s.image(pod) == "x:2");
  CHECK(s.condition("Progressing")["status"] == "False");
}

TEST_CASE("a roll-out waits until a replaced replica is in sync again, and spares a master that nobody can follow") {
  Setup s;
  s.make("a", sync_spec(2));
  s.converge();
  s.controllers.lagging = {"a-broker-0-1"};
  s.edit("a", {{"spec", {{"image", {{"broker", "x:2"}}}}}});
  s.converge();
  CHECK(s.image("a-broker-0-0") == "rocketmq-k8s/broker:0.1.0");
  CHECK(s.condition("Progressing")["status"] == "True");
  s.controllers.lagging.clear();
  s.converge();
  CHECK(s.image("a-broker-0-0") == "x:2");
}

TEST_CASE("while the Controller still loads, the status says what is recorded and no master's pod goes") {
  Setup s;
  s.make("a", sync_spec(2));
  s.converge();
  auto group = s.world.at(kBrokerGroups, "n", "a-broker-0");
  BrokerGroupStatus recorded{.uid = group["metadata"]["uid"],
                             .master = "a-broker-0-0",
                             .master_epoch = 1,
                             .sync_set = {"a-broker-0-0", "a-broker-0-1"}};
  group["status"] = to_json(recorded);
  s.world.put(kBrokerGroups, group);
  s.controllers.loading = true;
  const auto status = s.status();
  s.converge();
  CHECK(s.status() == status);
  s.edit("a", {{"spec", {{"image", {{"broker", "x:2"}}}}}});
  s.converge();
  CHECK(s.image("a-broker-0-1") == "rocketmq-k8s/broker:0.1.0");
  CHECK(s.condition("Progressing")["message"] == "waiting for the Controller of a-broker-0");
  // A record that was made for another object is none.
  group["status"]["uid"] = "another";
  s.world.put(kBrokerGroups, group);
  s.converge();
  CHECK(s.status()["masters"] == 0);
  s.controllers.loading = false;
  s.converge();
  CHECK(s.image("a-broker-0-0") == "x:2");
}

TEST_CASE("more replicas join without a restart of the others") {
  Setup s;
  s.make("a", sync_spec(2));
  s.converge();
  const auto uid = s.world.at(kPods, "n", "a-broker-0-0")["metadata"]["uid"];
  s.edit("a", {{"spec", {{"brokerGroups", {{"replicasPerGroup", 3}}}}}});
  s.converge();
  CHECK(s.world.find(kPods, {"n", "a-broker-0-2"}));
  CHECK(s.world.at(kPods, "n", "a-broker-0-0")["metadata"]["uid"] == uid);
  CHECK(s.world.at(kBrokerGroups, "n", "a-broker-0")["spec"]["replicas"] == 3);
}

TEST_CASE("fewer replicas: one at a time, never the master, never while another lags") {
  Setup s;
  s.make("a", sync_spec(4));
  s.converge();
  s.controllers.switch_over(kA, "a-broker-0", "a-broker-0-3");
  s.controllers.lagging = {"a-broker-0-1"};
  s.edit("a", {{"spec", {{"brokerGroups", {{"replicasPerGroup", 2}}}}}});
  s.converge();
  CHECK(s.world.find(kPods, {"n", "a-broker-0-3"}));
  CHECK(s.condition("Progressing")["message"].get<std::string>().find("waiting for a-broker-0-1") == 0);
  s.controllers.lagging.clear();
  s.world.reset_least_ready();
  s.converge();
  CHECK(s.controllers.switched.back() == "a-broker-0-0");
  CHECK_FALSE(s.world.find(kPods, {"n", "a-broker-0-2"}));
  CHECK_FALSE(s.world.find(kServices, {"n", "a-broker-0-3"}));
  CHECK(s.world.find(kServices, {"n", "a-broker-0-1"}));
  CHECK(s.world.find(kClaims, {"n", "store-a-broker-0-3"}));
  CHECK(s.condition("Progressing")["status"] == "False");
}

TEST_CASE("one replica becomes two: not a new group, so that its messages count") {
  Setup s;
  s.make("a", {{"brokerGroups", {{"count", 1}}}});
  s.converge();
  CHECK_FALSE(s.controllers.serves(kA));
  CHECK(s.world.count(kBrokerGroups) == 0);
  s.edit("a", {{"spec", {{"brokerGroups", {{"replicasPerGroup", 2}}}}}});
  s.converge();
  CHECK(s.world.at(kBrokerGroups, "n", "a-broker-0")["spec"]["newGroup"] == false);
  CHECK(s.condition("Ready")["status"] == "True");
  CHECK(s.condition("Progressing")["status"] == "False");
  CHECK(s.status()["groups"][0]["pods"].size() == 2);
}

TEST_CASE("a volume left from an earlier life makes a group not new") {
  Setup s;
  s.world.put(kClaims, {{"metadata", {{"name", "store-a-broker-0-1"}, {"namespace", "n"}}}});
  s.make("a", sync_spec(2));
  s.converge();
  CHECK(s.world.at(kBrokerGroups, "n", "a-broker-0")["spec"]["newGroup"] == false);
}

TEST_CASE("a broker group goes with its cluster or its group, and not by hand") {
  Setup s;
  s.make("a", sync_spec(2, 2));
  s.converge();
  REQUIRE(s.world.remove(kBrokerGroups, {"n", "a-broker-0"}, {}, kube::Propagation::kBackground));
  s.converge();
  CHECK(s.world.find(kBrokerGroups, {"n", "a-broker-0"}));
  CHECK(s.condition("Degraded")["reason"] == "BrokerGroupDeleted");

  s.edit("a", {{"metadata", {{"annotations", {{std::string(kForceScaleInAnnotation), "true"}}}}},
               {"spec", {{"brokerGroups", {{"count", 1}}}}}});
  s.converge();
  CHECK_FALSE(s.world.find(kBrokerGroups, {"n", "a-broker-1"}));
  CHECK(s.controllers.forgotten.contains("a-broker-1"));

  s.world.erase(kClusters, kA);
  REQUIRE(s.once());
  CHECK(s.world.count(kBrokerGroups) == 0);
  CHECK_FALSE(s.controllers.serves(kA));
}

TEST_CASE("paused: nothing is changed, but the Controller goes on") {
  Setup s;
  s.make("a", sync_spec(2));
  s.converge();
  s.edit("a", {{"spec", {{"paused", true}, {"version", "2"}}}});
  s.controllers.end(kA);  // as if the operator had been started anew
  s.converge();
  CHECK(s.controllers.serves(kA));
  CHECK(s.condition("Progressing")["reason"] == "Paused");
  CHECK(s.status()["groups"][0]["master"] == "a-broker-0-0");
  CHECK(s.image("a-broker-0-1") == "rocketmq-k8s/broker:0.1.0");
}

TEST_CASE("what an unclean election may have cost is a condition") {
  Setup s;
  s.make("a", sync_spec(2));
  s.controllers.may_lose = "what 2 had beyond 4711";
  s.converge();
  CHECK(s.condition("UncleanElection")["status"] == "True");
  CHECK(s.condition("UncleanElection")["message"] == "a-broker-0: what 2 had beyond 4711");
}

TEST_CASE("wherever a pass over a replicated cluster dies, the next ones end in the same place") {
  const auto live = [](int n) {
    Setup s;
    s.make("a", sync_spec(2));
    s.world.fail_write = n;
    s.converge("a", true);
    s.edit("a", {{"spec", {{"version", "2"}}}});
    s.converge("a", true);
    CHECK(s.condition("Ready")["status"] == "True");
    CHECK(s.status()["version"] == "2");
    CHECK(s.condition("Progressing")["status"] == "False");
    return s.world.writes;
  };
  const auto writes = live(0);
  for (int n = 1; n <= writes; ++n) {
    CAPTURE(n);
    live(n);
  }
}

}  // namespace rmq::operator_
