#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "operator/kube/json_access.h"
#include "operator/kube/resource.h"

using namespace rmq;
using namespace rmq::kube;
using nlohmann::json;

namespace {
const ResourceKind kPods{"", "v1", "pods", "Pod"};
const ResourceKind kSets{"apps", "v1", "statefulsets", "StatefulSet"};
const ResourceKind kNodes{"", "v1", "nodes", "Node", false};
}  // namespace

TEST_CASE("resource: paths of the core group, named groups and cluster-wide kinds") {
  CHECK(collection_path(kPods, "") == "/api/v1/pods");
  CHECK(collection_path(kPods, "a") == "/api/v1/namespaces/a/pods");
  CHECK(object_path(kSets, {"a", "b"}, "status") == "/apis/apps/v1/namespaces/a/statefulsets/b/status");
  CHECK(object_path(kNodes, {"ignored", "n"}) == "/api/v1/nodes/n");
  CHECK(kSets.api_version() == "apps/v1");
  CHECK(kPods.api_version() == "v1");
}

TEST_CASE("resource: names from outside cannot leave their path") {
  CHECK(object_path(kPods, {"a", "../../secrets?x"}) == "/api/v1/namespaces/a/pods/..%2F..%2Fsecrets%3Fx");
}

TEST_CASE("resource: query values are encoded and empty ones left out") {
  CHECK(query({{"labelSelector", "a=b,c in (d)"}, {"continue", ""}, {"limit", "500"}}) ==
        "?labelSelector=a%3Db%2Cc%20in%20%28d%29&limit=500");
  CHECK(query({{"x", ""}}).empty());
}

TEST_CASE("resource: keys") {
  CHECK(key_of(json::parse(R"({"metadata":{"name":"n","namespace":"s"}})")) == ObjectKey{"s", "n"});
  CHECK(key_of(json::parse("[1]")) == ObjectKey{});
  CHECK(parse_key("s/n") == ObjectKey{"s", "n"});
  CHECK(parse_key("n") == ObjectKey{"", "n"});
  CHECK(ObjectKey{"s", "n"}.text() == "s/n");
}

TEST_CASE("json access: missing or foreign members give the fallback") {
  const auto object = json::parse(R"({"a":{"b":"c","n":7}})");
  CHECK(text_at(object, {"a", "b"}) == "c");
  CHECK(text_at(object, {"a", "b", "c"}).empty());
  CHECK(int_at(object, {"a", "n"}) == 7);
  CHECK(int_at(object, {"a", "b"}, -1) == -1);
  CHECK(to_text(json("\xff")) == "\"\xef\xbf\xbd\"");
}
