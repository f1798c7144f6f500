#include "operator/api/cluster.h"

#include <doctest/doctest.h>

#include "common/base/file.h"
#include "common/base/json.h"

namespace rmq::operator_ {
namespace {

using nlohmann::json;

json read_testdata(const char* name) {
  auto text = read_file(std::string(RMQ_TESTDATA "/") + name);
  REQUIRE(text);
  auto value = parse_json(*text);
  REQUIRE(value);
  return *value;
}

}  // namespace

TEST_CASE("every field survives reading and writing") {
  auto resource = read_testdata("full.json");
  auto cluster = cluster_from_json(resource);
  REQUIRE(cluster);
  CHECK(cluster->name == "orders");
  CHECK(cluster->name_space == "shop");
  CHECK(cluster->generation == 7);
  CHECK(cluster->annotations.at(std::string(kForceScaleInAnnotation)) == "true");
  CHECK(to_json(cluster->spec) == resource["spec"]);
  CHECK(to_json(cluster->status) == resource["status"]);
  CHECK(validate(*cluster).empty());
}

TEST_CASE("an empty spec is a valid cluster") {
  auto cluster = cluster_from_json({{"metadata", {{"name", "a"}}}});
  REQUIRE(cluster);
  CHECK(cluster->spec.name_servers.replicas == 2);
  CHECK(cluster->spec.broker_groups.count == 1);
  CHECK(cluster->spec.broker_groups.storage.size == "10Gi");
  CHECK(cluster->spec.broker_groups.storage.policy == StoragePolicy::kKeep);
  CHECK(validate(*cluster).empty());
}

TEST_CASE("a wrong type is named by its path") {
  const auto error_of = [](json spec) {
    auto cluster = cluster_from_json({{"metadata", {{"name", "a"}}}, {"spec", std::move(spec)}});
    return cluster ? std::string() : cluster.error().message;
  };
  CHECK(error_of({{"brokerGroups", {{"count", "two"}}}}) == "spec.brokerGroups.count must be a whole number");
  CHECK(error_of({{"brokerGroups", {{"flush", "often"}}}}) == "spec.brokerGroups.flush must be one of async, sync");
  CHECK(error_of({{"brokerGroups", json::array()}}) == "spec.brokerGroups must be an object");
  CHECK(error_of({{"brokerGroups", {{"config", {{"fileReservedTime", 48}}}}}}) ==
        "spec.brokerGroups.config has a value that is not a string: fileReservedTime (quote it)");
  CHECK(error_of({{"podTemplate", {{"tolerations", json::object()}}}}) ==
        "spec.podTemplate.tolerations must be a list");
  CHECK(error_of({{"paused", "yes"}}) == "spec.paused must be true or false");
  auto left = cluster_without_spec({{"metadata", {{"name", "a"}, {"generation", 3}}}, {"spec", 5}});
  CHECK(left.generation == 3);
}

TEST_CASE("each bad spec is refused in words") {
  auto cases = read_testdata("invalid_specs.json");
  for (const auto& bad : cases) {
    CAPTURE(bad["name"]);
    json resource{{"metadata", {{"name", bad.value("clusterName", "a")}}}, {"spec", bad["spec"]}};
    auto cluster = cluster_from_json(resource);
    REQUIRE(cluster);
    auto sentences = validate(*cluster);
    REQUIRE(sentences.size() == 1);
    CHECK(sentences[0] == bad["message"]);
  }
}

TEST_CASE("a storage class may be absent or empty, which differ") {
  auto cluster = cluster_from_json({{"spec", {{"brokerGroups", {{"storage", {{"class", ""}}}}}}}});
  REQUIRE(cluster);
  CHECK(cluster->spec.broker_groups.storage.storage_class == "");
  CHECK_FALSE(cluster->spec.name_servers.storage.storage_class.has_value());
}

TEST_CASE("lastTransitionTime moves only when the status does") {
  std::vector<Condition> conditions;
  set_condition(conditions, {.type = "Ready", .status = ConditionStatus::kFalse, .reason = "A"}, "t1");
  set_condition(conditions, {.type = "Ready", .status = ConditionStatus::kFalse, .reason = "B"}, "t2");
  REQUIRE(conditions.size() == 1);
  CHECK(conditions[0].reason == "B");
  CHECK(conditions[0].last_transition_time == "t1");
  set_condition(conditions, {.type = "Ready", .status = ConditionStatus::kTrue, .reason = "C"}, "t3");
  CHECK(conditions[0].last_transition_time == "t3");
  CHECK(find_condition(conditions, "Ready")->status == ConditionStatus::kTrue);
  CHECK(find_condition(conditions, "Degraded") == nullptr);
}

TEST_CASE("times are RFC 3339") {
  CHECK(format_time(1'700'000'000'999) == "2023-11-14T22:13:20Z");
}

}  // namespace rmq::operator_
