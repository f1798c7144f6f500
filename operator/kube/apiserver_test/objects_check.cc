#include <doctest/doctest.h>

#include "operator/kube/api_error.h"
#include "operator/kube/apiserver_test/fixture.h"
#include "operator/kube/json_access.h"

using namespace rmq;
using namespace rmq::kube;
using namespace rmq::kube::check;
using nlohmann::json;

namespace {

const ResourceKind kDefinitions{"apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition",
                                false};
const ResourceKind kProbes{"check.rocketmq.example", "v1", "probes", "Probe"};

json probe_definition() {
  return json::parse(R"({"metadata":{"name":"probes.check.rocketmq.example"},"spec":{
    "group":"check.rocketmq.example","scope":"Namespaced","names":{"plural":"probes","kind":"Probe"},
    "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{}},
      "schema":{"openAPIV3Schema":{"type":"object","properties":{
        "spec":{"type":"object","properties":{"size":{"type":"integer","minimum":1}}},
        "status":{"type":"object","properties":{"phase":{"type":"string"}}}}}}}]}})");
}

}  // namespace

TEST_CASE("objects: create, get, replace, patch, delete") {
  Fixture f;
  auto made = f.client.create(kMaps, f.map("crud", {{"a", "1"}}));
  REQUIRE_MESSAGE(made, (made ? "" : made.error().message));
  CHECK(is_already_exists(f.client.create(kMaps, f.map("crud")).error()));

  auto got = f.client.get(kMaps, {f.ns, "crud"});
  REQUIRE(got);
  CHECK((*got)["data"]["a"] == "1");
  (*got)["data"]["a"] = "2";
  REQUIRE(f.client.replace(kMaps, *got));
  const auto stale = f.client.replace(kMaps, *got);  // its version is old by now
  REQUIRE_FALSE(stale);
  CHECK(stale.error().kind == ErrorKind::kConflict);
  CHECK_FALSE(is_already_exists(stale.error()));
  CHECK(stale.error().message.find("the object has been modified") != std::string::npos);

  const auto patched = f.client.merge_patch(kMaps, {f.ns, "crud"}, {{"data", {{"a", nullptr}, {"b", "3"}}}});
  REQUIRE(patched);
  CHECK((*patched)["data"] == json{{"b", "3"}});

  CHECK(f.client.remove(kMaps, {f.ns, "crud"}, {.uid = "another"}).error().kind == ErrorKind::kConflict);
  CHECK(f.client.remove(kMaps, {f.ns, "crud"}, {.uid = text_at(*made, {"metadata", "uid"})}));
  CHECK(f.client.get(kMaps, {f.ns, "crud"}).error().kind == ErrorKind::kNotFound);
  CHECK(f.client.remove(kMaps, {f.ns, "crud"}).error().kind == ErrorKind::kNotFound);
  CHECK(f.client.create(kMaps, f.map("Not A Name")).error().kind == ErrorKind::kInvalid);
  CHECK(*f.client.get_text("/readyz") == "ok");
}

TEST_CASE("objects: server-side apply creates, changes, conflicts and takes over") {
  Fixture f;
  (void)f.client.remove(kMaps, {f.ns, "ssa"});
  REQUIRE(f.client.apply(kMaps, f.map("ssa", {{"a", "1"}, {"b", "1"}}), {.field_manager = "one", .force = false}));
  const auto conflict = f.client.apply(kMaps, f.map("ssa", {{"a", "2"}}), {.field_manager = "two", .force = false});
  REQUIRE_FALSE(conflict);
  CHECK(conflict.error().kind == ErrorKind::kConflict);
  CHECK(conflict.error().message.find("\"one\"") != std::string::npos);
  const auto forced = f.client.apply(kMaps, f.map("ssa", {{"a", "2"}}), {.field_manager = "two"});
  REQUIRE(forced);
  CHECK((*forced)["data"] == json{{"a", "2"}, {"b", "1"}});
  // What a manager no longer applies goes; what is the same changes nothing.
  const auto shrunk = f.client.apply(kMaps, f.map("ssa", json::object()), {.field_manager = "one"});
  REQUIRE(shrunk);
  CHECK((*shrunk)["data"] == json{{"a", "2"}});
  const auto same = f.client.apply(kMaps, f.map("ssa", {{"a", "2"}}), {.field_manager = "two"});
  REQUIRE(same);
  CHECK((*same)["metadata"]["resourceVersion"] == (*shrunk)["metadata"]["resourceVersion"]);
  REQUIRE(f.client.apply(kMaps, f.map("dry"), {.dry_run = true}));
  CHECK(f.client.get(kMaps, {f.ns, "dry"}).error().kind == ErrorKind::kNotFound);
}

TEST_CASE("objects: a custom resource, its schema and its status") {
  Fixture f;
  REQUIRE(f.client.apply(kDefinitions, probe_definition()));
  const auto probe = [&](int size) {
    return json{{"metadata", {{"namespace", f.ns}, {"name", "p"}}}, {"spec", {{"size", size}}}};
  };
  // Served soon after the definition was accepted: until then 404.
  auto applied = f.client.apply(kProbes, probe(3));
  const auto limit = f.clock.monotonic_ms() + 30'000;
  while (!applied && applied.error().kind == ErrorKind::kNotFound && f.clock.monotonic_ms() < limit) {
    applied = f.client.apply(kProbes, probe(3));
  }
  REQUIRE_MESSAGE(applied, (applied ? "" : applied.error().message));
  CHECK(f.client.apply(kProbes, probe(0)).error().kind == ErrorKind::kInvalid);
  json status{{"metadata", {{"namespace", f.ns}, {"name", "p"}}}, {"status", {{"phase", "Ready"}}}};
  const auto with_status = f.client.apply(kProbes, status, {.subresource = "status"});
  REQUIRE(with_status);
  CHECK((*with_status)["status"]["phase"] == "Ready");
  CHECK((*with_status)["spec"]["size"] == 3);
  CHECK((*with_status)["metadata"]["generation"] == 1);
  const auto patched = f.client.merge_patch(kProbes, {f.ns, "p"}, {{"status", {{"phase", "Down"}}}, {"spec", nullptr}},
                                            {.subresource = "status"});
  REQUIRE(patched);
  CHECK((*patched)["status"]["phase"] == "Down");
  CHECK((*patched)["spec"]["size"] == 3);
  CHECK(f.client.remove(kProbes, {f.ns, "p"}));
}

TEST_CASE("objects: a list of many pages, with a label selector") {
  Fixture f;
  for (int i = 0; i < 23; ++i) {
    REQUIRE(f.client.apply(kMaps, f.map("page-" + std::to_string(i), {{"n", std::to_string(i)}}, "pages")));
  }
  const auto all = f.client.list(kMaps, f.ns, {.label_selector = "check=pages", .page_limit = 5});
  REQUIRE(all);
  CHECK(all->items.size() == 23);
  CHECK_FALSE(all->resource_version.empty());
  CHECK(all->items[7]["kind"] == "ConfigMap");
  const auto whole = f.client.list(kMaps, "", {.label_selector = "check=pages", .page_limit = 0});
  REQUIRE(whole);
  CHECK(whole->items.size() >= 23);
  CHECK(f.client.list(kMaps, f.ns, {.label_selector = "check=none"})->items.empty());
  CHECK(f.client.list(kMaps, f.ns, {.label_selector = "a=(", .page_limit = 0}).error().kind == ErrorKind::kInvalid);
}
