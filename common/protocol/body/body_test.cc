// Bodies against what the official classes wrote (testdata/), and against what nobody should send.
#include <doctest/doctest.h>

#include <functional>
#include <nlohmann/json.hpp>

#include "common/base/bytes.h"
#include "common/base/file.h"
#include "common/base/json.h"
#include "common/protocol/body/heartbeat.h"
#include "common/protocol/body/message_queue.h"
#include "common/protocol/body/register_broker.h"
#include "common/protocol/body/request_mode.h"
#include "common/protocol/body/route.h"
#include "common/protocol/body/subscription_group.h"
#include "common/protocol/body/tables.h"

namespace rmq::protocol {
namespace {

std::string golden(const std::string& name) {
  auto bytes = read_file(RMQ_GOLDEN + name);
  REQUIRE_MESSAGE(bytes.has_value(), name);
  return std::move(*bytes);
}

// Decodes a golden body and encodes it again: the same document in every style; and hostile cuts of it are refused.
template <class Body>
void check(const std::string& name) {
  CAPTURE(name);
  const auto text = golden(name);
  const auto body = parse_body<Body>(text);
  REQUIRE_MESSAGE(body.has_value(), body.error().message);
  const auto expected = parse_fastjson(text).value();
  const auto ours = to_body(*body);
  CHECK(parse_fastjson(ours).value() == expected);
  if (const auto standard = parse_json(to_body(*body, JsonStyle::kStandard))) CHECK(*standard == expected);
  for (std::size_t size = 0; size < text.size(); size += 1 + text.size() / 200) {
    CHECK_FALSE(parse_body<Body>(std::string_view(text).substr(0, size)).has_value());
  }
  CHECK_FALSE(parse_body<Body>("[]").has_value());
  CHECK(parse_body<Body>("{}").has_value());
}

TEST_CASE("bodies with believable values") {
  check<ClusterInfo>("bodies/cluster_info.json");
  check<ConsumeStats>("bodies/consume_stats.json");
  check<DataVersion>("bodies/data_version.json");
  check<HeartbeatData>("bodies/heartbeat.json");
  check<KvTable>("bodies/kv_table.json");
  check<RegisterBrokerBody>("bodies/register_broker.json");
  check<TopicRouteData>("bodies/route.json");
  check<TopicRouteData>("bodies/route_empty.json");
  check<TopicRouteData>("bodies/route_standard.json");
  check<SubscriptionGroupConfig>("bodies/subscription_group_config_default.json");
  check<TopicConfig>("bodies/topic_config_default.json");
  check<TopicConfigTable>("bodies/topic_config_wrapper.json");
  check<TopicList>("bodies/topic_list.json");
  check<TopicList>("bodies/topic_list_empty.json");
  check<TopicStatsTable>("bodies/topic_stats.json");
}

TEST_CASE("bodies with every field set") {
  check<BrokerMemberGroup>("catalog/bodies/BrokerMemberGroup.json");
  check<CheckClientRequest>("catalog/bodies/CheckClientRequestBody.json");
  check<ClusterInfo>("catalog/bodies/ClusterInfo.json");
  check<ConsumeStats>("catalog/bodies/ConsumeStats.json");
  check<ConsumeStatsList>("catalog/bodies/ConsumeStatsList.json");
  check<ConsumerConnection>("catalog/bodies/ConsumerConnection.json");
  check<ConsumerList>("catalog/bodies/GetConsumerListByGroupResponseBody.json");
  check<ConsumerOffsetTable>("catalog/bodies/ConsumerOffsetSerializeWrapper.json");
  check<ConsumerStatusTable>("catalog/bodies/GetConsumerStatusBody.json");
  check<CreateTopicList>("catalog/bodies/CreateTopicListRequestBody.json");
  check<GetBrokerMemberGroupResponse>("catalog/bodies/GetBrokerMemberGroupResponseBody.json");
  check<GroupList>("catalog/bodies/GroupList.json");
  check<HeartbeatData>("catalog/bodies/HeartbeatData.json");
  check<KvTable>("catalog/bodies/KVTable.json");
  check<LockBatchRequest>("catalog/bodies/LockBatchRequestBody.json");
  check<LockBatchRequest>("catalog/bodies/UnlockBatchRequestBody.json");
  check<LockBatchResponse>("catalog/bodies/LockBatchResponseBody.json");
  check<MessageRequestModeTable>("catalog/bodies/MessageRequestModeSerializeWrapper.json");
  check<ProducerConnection>("catalog/bodies/ProducerConnection.json");
  check<ProducerTable>("catalog/bodies/ProducerTableInfo.json");
  check<QueryAssignmentRequest>("catalog/bodies/QueryAssignmentRequestBody.json");
  check<QueryAssignmentResponse>("catalog/bodies/QueryAssignmentResponseBody.json");
  check<QuerySubscriptionResponse>("catalog/bodies/QuerySubscriptionResponseBody.json");
  check<RegisterBrokerBody>("catalog/bodies/RegisterBrokerBody.json");
  check<ResetOffsetTable>("catalog/bodies/ResetOffsetBody.json");
  check<SetMessageRequestMode>("catalog/bodies/SetMessageRequestModeRequestBody.json");
  check<SubscriptionData>("catalog/bodies/SubscriptionData.json");
  check<SubscriptionGroupConfig>("catalog/bodies/SubscriptionGroupConfig.json");
  check<SubscriptionGroupList>("catalog/bodies/SubscriptionGroupList.json");
  check<SubscriptionGroupTable>("catalog/bodies/SubscriptionGroupWrapper.json");
  check<TopicConfigAndMapping>("catalog/bodies/TopicConfigAndQueueMapping.json");
  check<TopicConfigAndMappingTable>("catalog/bodies/TopicConfigAndMappingSerializeWrapper.json");
  check<TopicConfigTable>("catalog/bodies/TopicConfigSerializeWrapper.json");
  check<TopicList>("catalog/bodies/TopicList.json");
  check<TopicQueueMappingDetail>("catalog/bodies/TopicQueueMappingDetail.json");
  check<TopicQueueMappingInfo>("catalog/bodies/TopicQueueMappingInfo.json");
  check<TopicRouteData>("catalog/bodies/TopicRouteData.json");
  check<TopicStatsTable>("catalog/bodies/TopicStatsTable.json");
}

TEST_CASE("both styles of a route are the original's, byte for byte") {
  const auto route = parse_body<TopicRouteData>(golden("bodies/route_standard.json")).value();
  CHECK(to_body(route, JsonStyle::kStandard) == golden("bodies/route_standard.json"));
  CHECK(to_body(route) == golden("bodies/route.json"));
  CHECK(to_body(TopicRouteData{}) == golden("bodies/route_empty.json"));
}

TEST_CASE("what fastjson takes") {
  const auto group = parse_body<BrokerData>(R"({"brokerAddrs":{"0":"a",7:"b"},"cluster":null,"unknown":[{}]})");
  REQUIRE(group.has_value());
  CHECK(group->broker_addrs == std::map<std::int64_t, std::string>{{0, "a"}, {7, "b"}});
  const auto config = parse_body<TopicConfig>(R"({"perm":"2","order":"true","topicName":5,"topicFilterType":1})");
  REQUIRE(config.has_value());
  CHECK(config->perm == 2);
  CHECK(config->order);
  CHECK(config->topic_name == "5");
  CHECK(config->topic_filter_type == TopicFilterType::kMultiTag);
  CHECK(config->read_queue_nums == 16);
  // Object keys also quoted, as newer writers have them.
  const auto table =
      parse_body<ResetOffsetTable>(R"({"offsetTable":{"{\"topic\":\"T\",\"queueId\":3,\"brokerName\":\"b\"}":5}})");
  REQUIRE(table.has_value());
  CHECK(table->offsets == std::map<MessageQueue, std::int64_t>{{{"T", "b", 3}, 5}});
}

TEST_CASE("wrong values are refused and named") {
  CHECK(parse_body<TopicConfig>(R"({"perm":3000000000})").error().message.ends_with("perm"));
  for (const char* bad :
       {R"({"perm":-3000000000})", R"({"perm":1.5})", R"({"perm":{}})", R"({"perm":"x"})", R"({"order":3})",
        R"({"topicFilterType":"NONE"})", R"({"topicFilterType":2})", R"({"attributes":[]})",
        R"({"attributes":{"a":{}}})", R"({"topicName":[]})", "null", "5", ""}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_body<TopicConfig>(bad).has_value());
  }
  CHECK_FALSE(parse_body<BrokerData>(R"({"brokerAddrs":{"x":"a"}})").has_value());
  CHECK_FALSE(parse_body<ResetOffsetTable>(R"({"offsetTable":{"T":5}})").has_value());
  CHECK_FALSE(parse_body<ResetOffsetTable>(R"({"offsetTable":{{"queueId":[]}:5}})").has_value());
  CHECK_FALSE(parse_body<TopicList>(R"({"topicList":{}})").has_value());
  CHECK_FALSE(parse_body<ConsumeStats>(R"({"consumeTps":"x"})").has_value());
}

TEST_CASE("the text form of a topic") {
  for (const auto& row : nlohmann::json::parse(golden("bodies/topic_config_texts.json"))) {
    const std::string text = row.at("text");
    const auto config = parse_topic_text(text);
    REQUIRE(config.has_value());
    auto expected = parse_body<TopicConfig>(row.at("topic").dump()).value();
    expected.order = false;  // not in the text
    expected.topic_sys_flag = 0;
    CHECK(*config == expected);
    std::string again;
    append_topic_text(again, *config);
    CHECK(again == text);
  }
  CHECK(parse_topic_text("T 1 2 6 MULTI_TAG")->attributes.empty());
  CHECK(parse_topic_text("T 1 2 6 MULTI_TAG ")->write_queue_nums == 2);
  CHECK(parse_topic_text("T 1 2 6 MULTI_TAG {broken")->attributes.empty());
  CHECK(parse_topic_text(R"(T 1 2 6 MULTI_TAG {"a":"b c"})")->attributes.at("a") == "b c");
  for (const char* bad : {"", " ", "T", "T 1 2 6", "T 1 2 x SINGLE_TAG", "T 1  6 SINGLE_TAG", "T 1 2 6 ALL",
                          "T 99999999999 2 6 SINGLE_TAG", " 1 2 6 SINGLE_TAG"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_topic_text(bad).has_value());
  }
}

TEST_CASE("the compressed registration") {
  const auto bytes = golden("bodies/register_broker_compressed.bin");
  const auto body = parse_compressed_register_broker(bytes, 513);
  REQUIRE_MESSAGE(body.has_value(), body.error().message);
  auto expected = parse_body<RegisterBrokerBody>(golden("bodies/register_broker.json")).value();
  expected.topic_config.mapping_data_version = {};  // not in the compressed form
  for (auto& [name, config] : expected.topic_config.topics) {
    config.order = false;
    config.topic_sys_flag = 0;
  }
  CHECK(to_body(*body) == to_body(expected));

  // Ours through our own reader, with everything the form has in it.
  auto full = *body;
  full.filter_servers = {"a:1", "b:2"};
  full.topic_config.mapping_infos["T"] = {.bname = "b", .curr_id_map = {{0, 1}}, .topic = "T", .total_queues = 3};
  const auto packed = compress_register_broker(full).value();
  CHECK(to_body(parse_compressed_register_broker(packed, 413).value()) == to_body(full));
  CHECK(parse_compressed_register_broker(packed, 409)->topic_config.mapping_infos.empty());

  for (std::size_t size = 0; size < packed.size(); ++size) {
    CHECK_FALSE(parse_compressed_register_broker(packed.substr(0, size), 513).has_value());
  }
  for (std::size_t i = 0; i < packed.size(); ++i) {
    auto copy = packed;
    copy[i] = static_cast<char>(copy[i] ^ 0x55);
    (void)parse_compressed_register_broker(copy, 513);
  }
}

TEST_CASE("compressed bombs and contradictions") {
  const auto bomb = deflate_best(std::string(8 * 1024 * 1024, 'a')).value();
  CHECK_FALSE(inflate_bounded(bomb).has_value());  // 1000 : 1
  CHECK(inflate_bounded(bomb, {.max_ratio = 2000})->size() == 8 * 1024 * 1024);
  CHECK_FALSE(inflate_bounded(bomb, {.max_bytes = 1024, .max_ratio = 2000}).has_value());
  CHECK_FALSE(inflate_bounded("").has_value());
  CHECK_FALSE(inflate_bounded("no zlib").has_value());

  auto packed = [](std::initializer_list<std::string_view> parts, std::int32_t topics) {
    std::string plain;
    append_be(plain, std::int32_t{2});
    plain += "{}";
    append_be(plain, topics);
    for (const auto part : parts) {
      append_be(plain, static_cast<std::int32_t>(part.size()));
      plain += part;
    }
    return deflate_best(plain).value();
  };
  CHECK(parse_compressed_register_broker(packed({"T 1 1 6 SINGLE_TAG {}", "[]"}, 1), 513).has_value());
  CHECK(parse_compressed_register_broker(packed({"not a list"}, 0), 513).has_value());
  CHECK_FALSE(parse_compressed_register_broker(packed({"[]"}, -1), 513).has_value());
  CHECK_FALSE(parse_compressed_register_broker(packed({"[]"}, 0x7fffffff), 513).has_value());
  CHECK_FALSE(parse_compressed_register_broker(packed({"T"}, 1), 513).has_value());
  CHECK_FALSE(parse_compressed_register_broker(deflate_best("\x7f\xff\xff\xff").value(), 513).has_value());
}

TEST_CASE("values") {
  CHECK(DataVersion{.counter = 5} < DataVersion{.counter = 1, .state_version = 1});
  CHECK(DataVersion{.counter = 1, .timestamp = 9} < DataVersion{.counter = 2, .timestamp = 1});
  DataVersion version;
  version.next(7);
  CHECK(version == DataVersion{.counter = 1, .timestamp = 7});
  CHECK(MessageQueue{"A", "b", 1} < MessageQueue{"A", "b", 2});
  CHECK(std::hash<MessageQueue>{}({"A", "b", 1}) != std::hash<MessageQueue>{}({"A", "b", 2}));
}

}  // namespace
}  // namespace rmq::protocol
