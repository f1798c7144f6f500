#include "operator/reconcile/cluster/pods.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace rmq::operator_ {

using nlohmann::json;

namespace {

PodFacts pod(const char* name, bool ready, bool outdated, bool deleting = false) {
  return {.name = name, .uid = name, .ready = ready, .deleting = deleting, .outdated = outdated};
}

}  // namespace

TEST_CASE("pods are replaced one at a time") {
  CHECK(next_rollout_step({pod("a-0", true, false)}, 1).action == RolloutAction::kDone);
  auto step = next_rollout_step({pod("a-0", true, true), pod("a-1", true, true)}, 2);
  CHECK(step.action == RolloutAction::kReplace);
  CHECK(step.pod == "a-0");
  // On its way out, then missing, then starting: wait.
  CHECK(next_rollout_step({pod("a-0", false, true, true), pod("a-1", true, true)}, 2).action == RolloutAction::kWait);
  CHECK(next_rollout_step({pod("a-1", true, true)}, 2).action == RolloutAction::kWait);
  CHECK(next_rollout_step({pod("a-0", false, false), pod("a-1", true, true)}, 2).action == RolloutAction::kWait);
  CHECK(next_rollout_step({pod("a-0", true, false), pod("a-1", true, true)}, 2).pod == "a-1");
}

TEST_CASE("a pod that a bad template broke is replaced although it is not ready") {
  auto step = next_rollout_step({pod("a-0", true, true), pod("a-1", false, true)}, 2);
  CHECK(step.action == RolloutAction::kReplace);
  CHECK(step.pod == "a-1");
}

TEST_CASE("a pod that does not become ready holds up the rest, and says why") {
  auto broken = pod("a-0", false, false);
  broken.trouble = "ImagePullBackOff: no such image";
  auto step = next_rollout_step({broken, pod("a-1", true, true)}, 2);
  CHECK(step.action == RolloutAction::kWait);
  CHECK(step.why == "waiting for a-0 to be ready (ImagePullBackOff: no such image)");
}

TEST_CASE("facts of a pod") {
  json live{{"metadata",
             {{"name", "a-broker-0-12"}, {"uid", "u"}, {"annotations", {{"rocketmq-operator.io/template-hash", "h"}}}}},
            {"status", {{"conditions", {{{"type", "Ready"}, {"status", "True"}}}}}}};
  auto facts = pod_facts(live, "h");
  CHECK(facts.ready);
  CHECK_FALSE(facts.outdated);
  CHECK(facts.ordinal == 12);
  CHECK(pod_facts(live, "other").outdated);
  live["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  CHECK_FALSE(pod_facts(live, "h").ready);
}

TEST_CASE("trouble is found where Kubernetes tells it") {
  json crash{{"status",
              {{"containerStatuses",
                {{{"state", {{"waiting", {{"reason", "CrashLoopBackOff"}, {"message", "back-off 10s"}}}}},
                  {"lastState", {{"terminated", {{"reason", "OOMKilled"}}}}}}}}}}};
  CHECK(pod_facts(crash, "").trouble == "CrashLoopBackOff: last ended with OOMKilled; back-off 10s");
  crash["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
  CHECK(pod_facts(crash, "").trouble.empty());
  json pending{
      {"status",
       {{"conditions",
         {{{"type", "PodScheduled"}, {"status", "False"}, {"reason", "Unschedulable"}, {"message", "0/1 nodes"}}}}}}};
  CHECK(pod_facts(pending, "").trouble == "Unschedulable: 0/1 nodes");
  json creating{{"status", {{"containerStatuses", {{{"state", {{"waiting", {{"reason", "ContainerCreating"}}}}}}}}}}};
  CHECK(pod_facts(creating, "").trouble.empty());
}

}  // namespace rmq::operator_
