// The Controller's bodies against what the official classes wrote, and against what nobody should send.
#include "common/protocol/body/controller.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "common/base/file.h"
#include "common/base/json.h"
#include "common/protocol/body/json_body.h"

namespace rmq::protocol {
namespace {

template <class Body>
Body check(const std::string& name) {
  CAPTURE(name);
  const auto text = read_file(RMQ_GOLDEN "catalog/bodies/" + name).value();
  auto body = parse_body<Body>(text);
  REQUIRE_MESSAGE(body.has_value(), body.error().message);
  CHECK(to_body(*body) == text);
  for (std::size_t size = 0; size < text.size(); ++size) {
    CHECK_FALSE(parse_body<Body>(std::string_view(text).substr(0, size)).has_value());
  }
  return *body;
}

TEST_CASE("controller bodies are the original's, byte for byte") {
  CHECK(check<SyncStateSet>("SyncStateSet.json") == SyncStateSet{{5000000103}, 104});
  const auto elected = check<ElectMasterBody>("ElectMasterResponseBody.json");
  CHECK(elected.group.value().broker_addrs.at(5000000101) == "brokerAddrsValue");
  const auto info = check<BrokerReplicasInfo>("BrokerReplicasInfo.json").replicas_info_table.at("replicasInfoTableKey");
  CHECK(info.master_epoch == 107);
  CHECK(info.in_sync_replicas.at(0).alive == true);
}

TEST_CASE("nulls are left out as fastjson does") {
  CHECK(to_body(ElectMasterBody{std::nullopt, {3, 1}}) == R"({"syncStateSet":[1,3]})");
  CHECK(to_body(BrokerReplicasInfo{{{"b", {}}}}) ==
        R"({"replicasInfoTable":{"b":{"inSyncReplicas":[],"notInSyncReplicas":[]}}})");
  const auto set = parse_body<SyncStateSet>(R"({"syncStateSet":null,"syncStateSetEpoch":"7","more":{}})");
  REQUIRE(set.has_value());
  CHECK(*set == SyncStateSet{{}, 7});
}

TEST_CASE("an epoch list, its last entry open") {
  const EpochEntryCache cache{2, "b", "c", {{100, 1, 0}, {kOpenEpochEnd, 2, 100}}, 140};
  const auto text = to_body(cache);
  CHECK(text ==
        R"({"brokerId":2,"brokerName":"b","clusterName":"c","epochList":[{"endOffset":100,"epoch":1,"startOffset":0},)"
        R"({"endOffset":9223372036854775807,"epoch":2,"startOffset":100}],"maxOffset":140})");
  CHECK(parse_body<EpochEntryCache>(text).value().epoch_list == cache.epoch_list);
}

TEST_CASE("hostile controller bodies are refused") {
  for (const char* text :
       {R"({"syncStateSet":[1.5]})", R"({"syncStateSet":{"a":1}})", R"({"syncStateSetEpoch":3000000000})",
        R"({"syncStateSet":[99999999999999999999]})", "[1]", ""}) {
    CAPTURE(text);
    CHECK_FALSE(parse_body<SyncStateSet>(text).has_value());
  }
  CHECK_FALSE(parse_body<EpochEntryCache>(R"({"epochList":[7]})").has_value());
}

TEST_CASE("names of brokers asked for") {
  CHECK(parse_broker_names(R"(["a","b"])").value() == std::vector<std::string>{"a", "b"});
  CHECK(parse_broker_names("[]").value().empty());
  for (const char* text : {"{}", "\"a\"", "[[]]", "", "null"}) CHECK_FALSE(parse_broker_names(text).has_value());
}

}  // namespace
}  // namespace rmq::protocol
