// The CRD and the C++ type say the same.
#include <string>

#include <doctest/doctest.h>
#include <yaml-cpp/yaml.h>
#include <nlohmann/json.hpp>

#include "common/base/file.h"
#include "common/base/json.h"
#include "operator/api/broker_group.h"
#include "operator/api/cluster.h"

namespace rmq::operator_ {
namespace {

using nlohmann::json;

json to_json(const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Map: {
      auto out = json::object();
      for (const auto& member : node) out[member.first.as<std::string>()] = to_json(member.second);
      return out;
    }
    case YAML::NodeType::Sequence: {
      auto out = json::array();
      for (const auto& item : node) out.push_back(to_json(item));
      return out;
    }
    case YAML::NodeType::Scalar: {
      const auto& text = node.Scalar();
      if (node.Tag() == "!") return text;  // quoted
      if (text == "true" || text == "false") return text == "true";
      if (!text.empty() && text.find_first_not_of("0123456789") == std::string::npos) return std::stoll(text);
      return text;
    }
    default: return nullptr;
  }
}

json load_crd(const std::string& plural = "rocketmqclusters") {
  return to_json(YAML::LoadFile(RMQ_TESTDATA "/../../../crds/" + plural + ".yaml"));
}

json schema_of(const json& crd) {
  return crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
}

// What the API server does to a value before it is stored.
void apply_defaults(const json& schema, json& value) {
  if (!value.is_object()) return;
  if (!schema.contains("properties")) return;
  for (const auto& [name, property] : schema["properties"].items()) {
    if (!value.contains(name) && property.contains("default")) value[name] = property["default"];
    if (value.contains(name)) apply_defaults(property, value[name]);
  }
}

// Fields of `value` that the schema does not know would be pruned by the API server.
void check_known(const json& schema, const json& value, const std::string& path) {
  CAPTURE(path);
  if (value.is_array()) {
    REQUIRE(schema.contains("items"));
    for (const auto& item : value) check_known(schema["items"], item, path + "[]");
  }
  if (!value.is_object() || schema.contains("additionalProperties") ||
      schema.value("x-kubernetes-preserve-unknown-fields", false)) {
    return;
  }
  for (const auto& [name, member] : value.items()) {
    CAPTURE(name);
    REQUIRE(schema["properties"].contains(name));
    check_known(schema["properties"][name], member, path + "." + name);
  }
}

json read_testdata(const char* name) {
  auto text = read_file(std::string(RMQ_TESTDATA "/") + name);
  REQUIRE(text);
  auto value = parse_json(*text);
  REQUIRE(value);
  return *value;
}

}  // namespace

TEST_CASE("the CRD is named as the type is") {
  auto crd = load_crd();
  CHECK(crd["spec"]["group"] == kGroup);
  CHECK(crd["spec"]["versions"][0]["name"] == kVersion);
  CHECK(crd["spec"]["names"]["kind"] == kClusterKind);
  CHECK(crd["spec"]["names"]["plural"] == kClusterPlural);
  CHECK(crd["spec"]["names"]["shortNames"] == json::array({"rmq"}));
}

TEST_CASE("the CRD's defaults are the type's defaults") {
  auto spec = json::object();
  apply_defaults(schema_of(load_crd())["properties"]["spec"], spec);
  auto cluster = cluster_from_json({{"metadata", {{"name", "a"}}}});
  REQUIRE(cluster);
  CHECK(spec == to_json(cluster->spec));
}

TEST_CASE("the CRD knows every field that the type writes") {
  auto schema = schema_of(load_crd());
  auto cluster = cluster_from_json(read_testdata("full.json"));
  REQUIRE(cluster);
  check_known(schema["properties"]["spec"], to_json(cluster->spec), "spec");
  check_known(schema["properties"]["status"], to_json(cluster->status), "status");
}

TEST_CASE("the broker groups' CRD is named as the type is, and keeps every field that the type writes") {
  auto crd = load_crd("brokergroups");
  CHECK(crd["spec"]["group"] == kGroup);
  CHECK(crd["spec"]["versions"][0]["name"] == kVersion);
  CHECK(crd["spec"]["names"]["kind"] == kBrokerGroupKind);
  CHECK(crd["spec"]["names"]["plural"] == kBrokerGroupPlural);
  CHECK(crd["spec"]["names"]["shortNames"] == json::array({"rmqg"}));
  auto object = read_testdata("broker_group.json");
  auto schema = schema_of(crd);
  check_known(schema["properties"]["spec"], object["spec"], "spec");
  auto status = broker_group_status(object);
  check_known(schema["properties"]["status"], to_json(status), "status");
  CHECK(to_json(status) == object["status"]);
  CHECK(schema["properties"]["status"]["properties"]["elections"]["maxItems"] == kMaxElections);
}

TEST_CASE("a broker group without a status reads as one without a state") {
  auto status = broker_group_status({{"metadata", {{"name", "a-broker-0"}}}});
  CHECK(status.state.is_null());
  CHECK_FALSE(to_json(status).contains("state"));
  CHECK(short_sync_set({"a-broker-0-2", "a-broker-0-11"}) == "2,11");
}

TEST_CASE("the CRD says the same of a bad spec as validate() does") {
  auto crd = load_crd().dump();
  auto cases = read_testdata("invalid_specs.json");
  for (const auto& bad : cases) {
    if (!bad.value("cel", false)) continue;
    auto message = json(bad["message"]).dump();  // as it stands inside the dumped CRD
    CAPTURE(message);
    CHECK(crd.find(message.substr(1, message.size() - 2)) != std::string::npos);
  }
}

}  // namespace rmq::operator_
