#include "operator/reconcile/cluster/compare.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace rmq::operator_ {

using nlohmann::json;

TEST_CASE("live objects may have more than was wanted, not less or other") {
  json wanted{{"spec", {{"replicas", 2}, {"selector", {{"a", "b"}}}}}};
  CHECK(
      covers({{"spec", {{"replicas", 2}, {"selector", {{"a", "b"}}}, {"type", "ClusterIP"}}}, {"status", 1}}, wanted));
  CHECK_FALSE(covers({{"spec", {{"replicas", 3}, {"selector", {{"a", "b"}}}}}}, wanted));
  CHECK_FALSE(covers({{"spec", {{"replicas", 2}}}}, wanted));
}

TEST_CASE("what the API server normalises is no difference") {
  CHECK(covers({{"cpu", "500m"}, {"memory", "1Gi"}}, {{"cpu", "0.5"}, {"memory", "1024Mi"}}));
  CHECK(covers({{"cpu", "2"}}, {{"cpu", 2}}));
  CHECK(covers(json::object(), {{"readOnly", false}, {"value", ""}, {"emptyDir", json::object()}}));
  CHECK_FALSE(covers({{"cpu", "501m"}}, {{"cpu", "0.5"}}));
  CHECK_FALSE(covers({{"a", "x"}}, {{"a", "y"}}));
}

TEST_CASE("lists of named things are compared by name, others by place") {
  json wanted{{{"name", "a"}, {"v", 1}}, {{"name", "b"}}};
  CHECK(covers({{{"name", "b"}}, {{"name", "injected"}}, {{"name", "a"}, {"v", 1}}}, wanted));
  CHECK_FALSE(covers({{{"name", "a"}, {"v", 2}}, {{"name", "b"}}}, wanted));
  CHECK_FALSE(covers({{{"name", "a"}, {"v", 1}}}, wanted));
  CHECK(covers({"x", "y"}, {"x", "y"}));
  CHECK_FALSE(covers({"x", "y", "z"}, {"x", "y"}));
}

TEST_CASE("a projection shows changes to our fields only") {
  json wanted{{"spec", {{"a", 1}}}, {"list", {{{"name", "n"}, {"v", 1}}}}};
  json live{{"spec", {{"a", "one"}, {"b", 2}}}, {"list", {{{"name", "n"}, {"v", 1}, {"w", 2}}}}, {"status", 1}};
  auto before = project(live, wanted);
  CHECK(before == json{{"spec", {{"a", "one"}}}, {"list", {{{"name", "n"}, {"v", 1}}}}});
  live["status"] = 2;
  live["spec"]["b"] = 3;
  CHECK(project(live, wanted) == before);
  live["spec"]["a"] = "two";
  CHECK(project(live, wanted) != before);
}

}  // namespace rmq::operator_
