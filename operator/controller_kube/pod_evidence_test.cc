#include "operator/controller_kube/pod_evidence.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace rmq::operator_ {
namespace {

using nlohmann::json;

json pod(json container_status, const std::string& uid = "u1", const std::string& component = "broker") {
  container_status["name"] = component;
  return {{"metadata",
           {{"name", "a-broker-3-1"},
            {"namespace", "n"},
            {"uid", uid},
            {"labels",
             {{"app.kubernetes.io/component", component},
              {"app.kubernetes.io/instance", "a"},
              {"rocketmq-operator.io/group", "3"}}}}},
          {"status", {{"containerStatuses", json::array({container_status})}}}};
}
const json kRunning{{"containerID", "c1"}, {"state", {{"running", json::object()}}}};
json ended(const std::string& id) {
  return {{"terminated", {{"containerID", id}, {"exitCode", 137}, {"reason", "OOMKilled"}}}};
}

}  // namespace

TEST_CASE("a container that ended is told once, whether it came back or not") {
  auto running = pod(kRunning);
  auto dead = pod({{"containerID", "c1"}, {"state", ended("c1")}});
  auto restarted = pod({{"containerID", "c2"}, {"state", {{"running", json::object()}}}, {"lastState", ended("c1")}});
  auto found = ended_processes(&running, &dead);
  REQUIRE(found.size() == 1);
  CHECK(found[0].group == "a-broker-3");
  CHECK(found[0].pod == "a-broker-3-1");
  CHECK(found[0].cluster == "a");
  CHECK(found[0].ns == "n");
  CHECK(found[0].what == "container ended: OOMKilled, exit code 137");
  CHECK(ended_processes(&dead, &dead).empty());
  CHECK(ended_processes(&dead, &restarted).empty());
  CHECK(ended_processes(&running, &restarted).size() == 1);  // the moment in between was not seen
}

TEST_CASE("at first sight an older container's end says nothing of the one that runs") {
  auto restarted = pod({{"containerID", "c2"}, {"state", {{"running", json::object()}}}, {"lastState", ended("c1")}});
  CHECK(ended_processes(nullptr, &restarted).empty());
  auto dead = pod({{"containerID", "c2"}, {"state", ended("c2")}, {"lastState", ended("c1")}});
  CHECK(ended_processes(nullptr, &dead).size() == 1);
  // The same for another pod of the name.
  auto other = pod({{"containerID", "c2"}, {"state", {{"running", json::object()}}}, {"lastState", ended("c1")}}, "u2");
  auto running = pod(kRunning);
  CHECK(ended_processes(&running, &other).empty());
}

TEST_CASE("a pod that was deleted while it ran proves nothing; one that ended first does") {
  auto running = pod(kRunning);
  CHECK(ended_processes(&running, nullptr).empty());
  auto dead = pod({{"containerID", "c1"}, {"state", ended("c1")}});
  CHECK(ended_processes(&dead, nullptr).size() == 1);
}

TEST_CASE("pods of other kinds are none of ours") {
  auto server = pod({{"containerID", "c1"}, {"state", ended("c1")}}, "u1", "name-server");
  CHECK(ended_processes(nullptr, &server).empty());
  CHECK(ended_processes(nullptr, nullptr).empty());
  auto never = pod({{"state", {{"terminated", {{"exitCode", 1}}}}}});
  CHECK(ended_processes(nullptr, &never).empty());
}

}  // namespace rmq::operator_
