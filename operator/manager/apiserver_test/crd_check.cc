// The API server's word on the CRD: bad specs are refused in our words, defaults are filled in, rules on changes hold.
#include "common/base/file.h"
#include "common/base/json.h"
#include "operator/api/cluster.h"
#include "operator/manager/apiserver_test/fixture.h"

namespace rmq::operator_::check {

using nlohmann::json;

namespace {

json read_testdata(const char* name) {
  auto text = read_file(std::string(RMQ_SOURCE "/operator/api/testdata/") + name);
  REQUIRE(text);
  return *parse_json(*text);
}

std::string refusal(const Result<json>& answer) {
  return answer ? "" : answer.error().message;
}

}  // namespace

TEST_CASE("bad specs are refused by the API server, in the same words") {
  Fixture f("crd-bad");
  for (const auto& bad : read_testdata("invalid_specs.json")) {
    CAPTURE(bad["name"]);
    const auto message = refusal(f.make(bad.value("clusterName", "a"), bad["spec"]));
    CHECK_FALSE(message.empty());
    if (bad.value("cel", false)) {
      CAPTURE(message);
      CHECK(message.find(bad["message"].get<std::string>()) != std::string::npos);
    }
  }
}

TEST_CASE("a full spec is kept whole, an empty one gets the type's defaults") {
  Fixture f("crd-good");
  auto full = read_testdata("full.json");
  auto made = f.make("full", full["spec"]);
  REQUIRE_MESSAGE(made, refusal(made));
  CHECK((*made)["spec"] == full["spec"]);
  auto empty = f.make("empty", json::object());
  REQUIRE_MESSAGE(empty, refusal(empty));
  CHECK((*empty)["spec"] == to_json(cluster_from_json(json::object())->spec));
  auto status =
      f.client.merge_patch(kClusters, {f.ns, "full"}, {{"status", full["status"]}}, {.subresource = "status"});
  REQUIRE(status);
  CHECK((*status)["status"] == full["status"]);
}

TEST_CASE("what can't change is refused when it changes") {
  Fixture f("crd-change");
  REQUIRE(f.make("a", {{"brokerGroups", {{"storage", {{"size", "2Gi"}}}}}}));
  const auto storage = [&](const json& merge) {
    return refusal(f.edit("a", {{"spec", {{"brokerGroups", {{"storage", merge}}}}}}));
  };
  CHECK(storage({{"size", "1Gi"}}).find("storage.size can't shrink") != std::string::npos);
  CHECK(storage({{"class", "fast"}}).find("storage.class can't change") != std::string::npos);
  CHECK(storage({{"size", "2048Mi"}}).empty());
  CHECK(storage({{"size", "3Gi"}}).empty());
  const auto groups = [&](const char* name, const json& merge) {
    return refusal(f.edit(name, {{"spec", {{"brokerGroups", merge}}}}));
  };
  CHECK(groups("a", {{"replicasPerGroup", 3}}).empty());
  CHECK(groups("a", {{"replicasPerGroup", 2}, {"replication", "sync"}}).empty());
  CHECK(groups("a", {{"replicasPerGroup", 1}, {"replication", "async"}}).find("can't go back to 1") !=
        std::string::npos);
  CHECK(groups("a", {{"replicasPerGroup", 3}, {"replication", "quorum"}}).find("can't change to or from quorum") !=
        std::string::npos);
  REQUIRE(f.make("q", {{"brokerGroups", {{"replicasPerGroup", 3}, {"replication", "quorum"}}}}));
  CHECK(groups("q", {{"replicasPerGroup", 5}}).find("can't change with replication quorum") != std::string::npos);
  CHECK(groups("q", {{"failover", {{"leaseMs", 5000}}}}).empty());
}

TEST_CASE("kubectl scale changes the number of groups") {
  Fixture f("crd-scale");
  REQUIRE(f.make("a", json::object()));
  CHECK(run(arguments().localkube,
            {"kubectl", "--kubeconfig", arguments().kubeconfig, "-n", f.ns, "scale", "rmq/a", "--replicas=3"}) == 0);
  CHECK(f.get(kClusters, "a")["spec"]["brokerGroups"]["count"] == 3);
}

}  // namespace rmq::operator_::check
