#include "controller/policy_text.h"

#include <doctest/doctest.h>

using namespace rmq;
using namespace rmq::controller;

namespace {

Properties defaults() {
  return {{"replicationMode", "synchronous"}, {"replicas", "2"},      {"enableElectUncleanMaster", "false"},
          {"electNewGroups", "false"},        {"asyncFlush", "true"}, {"leaseMs", "3000"},
          {"heartbeatTimeoutMs", "10000"}};
}

}  // namespace

TEST_CASE("policy: from settings") {
  auto policy = make_policy(defaults());
  REQUIRE(policy);
  CHECK(policy->mode == election::Mode::kSync);
  CHECK(policy->expected_replicas == 2);
  CHECK(policy->lease_ms == 3000);
  auto settings = defaults();
  settings["replicationMode"] = "quorum";
  CHECK_FALSE(make_policy(settings));  // of two
  settings["replicas"] = "5";
  CHECK(make_policy(settings)->write_quorum == 3);
  for (const auto& [key, value] : {std::pair("replicationMode", "fast"),
                                   {"replicas", "0"},
                                   {"replicas", "x"},
                                   {"leaseMs", "-1"},
                                   {"heartbeatTimeoutMs", "1000"}}) {
    auto wrong = defaults();
    wrong[key] = value;
    CHECK_FALSE(make_policy(wrong));
  }
}

TEST_CASE("policy: a group's own settings") {
  const auto* text = " a : replicationMode=quorum, replicas = 3 ; b:leaseMs=1000;";
  auto of_a = policy_overrides(text, "a");
  REQUIRE(of_a);
  CHECK(*of_a == Properties{{"replicationMode", "quorum"}, {"replicas", "3"}});
  CHECK(*policy_overrides(text, "b") == Properties{{"leaseMs", "1000"}});
  CHECK(policy_overrides(text, "c")->empty());
  CHECK(policy_overrides("", "a")->empty());
  for (const auto* wrong : {"a", "a:replicas", "a:listenPort=1", ":replicas=1", "a:=1"}) {
    CHECK_FALSE(policy_overrides(wrong, "z"));
  }
}
