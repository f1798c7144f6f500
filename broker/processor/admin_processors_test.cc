#include <algorithm>

#include "broker/processor/config_processor.h"
#include "broker/processor/consume_admin_processor.h"
#include "broker/processor/group_admin_processor.h"
#include "broker/processor/processor_test_util.h"
#include "broker/processor/relay_processor.h"
#include "broker/processor/runtime_info_processor.h"
#include "broker/processor/store_admin_processor.h"
#include "broker/processor/topic_admin_processor.h"
#include "common/protocol/body/message_queue.h"
#include "common/protocol/body/tables.h"
#include "common/protocol/message_record.h"

namespace rmq::broker {
namespace {

using protocol::RequestCode;
using protocol::ResponseCode;
using testing::FakeBroker;
using testing::field;

testing::Fields topic_fields(const std::string& topic, testing::Fields more = {}) {
  testing::Fields fields{
      {"topic", topic}, {"defaultTopic", "TBW102"},        {"readQueueNums", "4"}, {"writeQueueNums", "4"},
      {"perm", "6"},    {"topicFilterType", "SINGLE_TAG"}, {"order", "false"}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

TEST_CASE("topics: create, show, list, delete") {
  FakeBroker broker;
  int announced = 0;
  TopicAdminProcessor admin(broker.config, broker.topics, broker.offsets, *broker.store, [&] { ++announced; });
  auto create = [&](const std::string& topic, testing::Fields more = {}) {
    return broker.ask(admin, RequestCode::kUpdateAndCreateTopic, topic_fields(topic, std::move(more)));
  };
  CHECK(create("T", {{"attributes", "+message.type=FIFO"}}).code == 0);
  CHECK(announced == 1);
  CHECK(
      broker.ask(admin, RequestCode::kGetTopicConfig, {{"topic", "T"}}).body ==
      R"({"attributes":{"message.type":"FIFO"},"order":false,"perm":6,"readQueueNums":4,"topicFilterType":"SINGLE_TAG","topicName":"T","topicSysFlag":0,"writeQueueNums":4})");
  CHECK(create("T").code == 0);
  CHECK(create("SCHEDULE_TOPIC_XXXX").remark == "The topic[SCHEDULE_TOPIC_XXXX] is conflict with system topic.");
  CHECK(create("a/b").code == ResponseCode::kInvalidParameter);
  CHECK(create("M", {{"attributes", "+message.type=MIXED"}}).remark == "MIXED message type is not supported.");
  CHECK(create("M", {{"attributes", "+color=red"}}).remark == "unsupported key: color");
  CHECK(broker.ask(admin, RequestCode::kUpdateAndCreateTopic, {{"topic", "M"}}).code == ResponseCode::kSystemError);
  CHECK(broker
            .ask(admin, RequestCode::kUpdateAndCreateTopic,
                 {{"topic", "M"},
                  {"defaultTopic", "T"},
                  {"readQueueNums", "-1"},
                  {"writeQueueNums", "2000000000"},
                  {"perm", "6"},
                  {"topicFilterType", "x"},
                  {"order", "false"}})
            .code == ResponseCode::kInvalidParameter);
  CHECK_FALSE(broker.topics.contains("M"));

  CHECK(broker
            .ask(admin, RequestCode::kUpdateAndCreateTopicList, {},
                 R"({"topicConfigList":[{"topicName":"U","writeQueueNums":2},{"topicName":"V"}]})")
            .code == 0);
  CHECK(broker.topics.find("U")->write_queue_nums == 2);

  auto all = broker.ask(admin, RequestCode::kGetAllTopicConfig);
  CHECK(field(all, "totalTopicNum") == std::to_string(broker.topics.size()));
  auto table = protocol::parse_body<protocol::TopicConfigAndMappingTable>(all.body);
  REQUIRE(table);
  CHECK(table->topics.size() == broker.topics.size());
  auto page = broker.ask(admin, RequestCode::kGetAllTopicConfig, {{"topicSeq", "0"}, {"maxTopicNum", "3"}});
  CHECK(protocol::parse_body<protocol::TopicConfigAndMappingTable>(page.body)->topics.size() == 3);

  auto system =
      protocol::parse_body<protocol::TopicList>(broker.ask(admin, RequestCode::kGetSystemTopicListFromBroker).body);
  REQUIRE(system);
  CHECK(system->topics.contains("broker-a"));
  CHECK_FALSE(system->topics.contains("T"));

  broker.put("T", 0, 2);
  broker.offsets.commit("g", "T", 0, 2);
  REQUIRE(broker.topics.create_for_retry_and_wait(pop_retry_topic_v1("T", "g"), 1, 6, false, 0));
  CHECK(broker.ask(admin, RequestCode::kDeleteTopicInBroker, {{"topic", "T"}}).code == 0);
  CHECK_FALSE(broker.topics.contains("T"));
  CHECK_FALSE(broker.topics.contains(pop_retry_topic_v1("T", "g")));
  CHECK_FALSE(broker.offsets.query("g", "T", 0));
  CHECK(broker.ask(admin, RequestCode::kGetTopicConfig, {{"topic", "T"}}).code == ResponseCode::kTopicNotExist);
  CHECK(broker.ask(admin, RequestCode::kDeleteTopicInBroker, {{"topic", "T"}}).code == 0);
  CHECK(broker.ask(admin, RequestCode::kDeleteTopicInBroker, {{"topic", "TBW102"}}).code ==
        ResponseCode::kInvalidParameter);
  CHECK(broker.ask(admin, RequestCode::kDeleteTopicInBroker, {{"topic", " "}}).code == ResponseCode::kInvalidParameter);
}

TEST_CASE("groups: create, show, list, forbid, delete") {
  FakeBroker broker;
  GroupAdminProcessor admin(broker.config, broker.groups, broker.offsets);
  CHECK(broker.ask(admin, RequestCode::kUpdateAndCreateSubscriptionGroup, {}, R"({"groupName":"g","retryMaxTimes":3})")
            .code == 0);
  CHECK(broker.groups.find("g")->retry_max_times == 3);
  CHECK(broker.ask(admin, RequestCode::kUpdateAndCreateSubscriptionGroup, {}, R"({"groupName":"a b"})").code ==
        ResponseCode::kInvalidParameter);
  CHECK(broker.ask(admin, RequestCode::kUpdateAndCreateSubscriptionGroup, {}, "{}").code ==
        ResponseCode::kInvalidParameter);
  CHECK(broker
            .ask(admin, RequestCode::kUpdateAndCreateSubscriptionGroupList, {},
                 R"({"groupConfigList":[{"groupName":"h"},{"groupName":"i"}]})")
            .code == 0);
  auto all = broker.ask(admin, RequestCode::kGetAllSubscriptionGroupConfig);
  CHECK(field(all, "totalGroupNum") == "11");
  CHECK(protocol::parse_body<protocol::SubscriptionGroupTable>(all.body)->groups.size() == 11);
  auto page = broker.ask(admin, RequestCode::kGetAllSubscriptionGroupConfig, {{"groupSeq", "0"}, {"maxGroupNum", "2"}});
  CHECK(protocol::parse_body<protocol::SubscriptionGroupTable>(page.body)->groups.size() == 2);
  CHECK(
      broker.ask(admin, RequestCode::kGetSubscriptionGroupConfig, {{"group", "g"}}).body.find(R"("retryMaxTimes":3)") !=
      std::string::npos);
  CHECK(broker
            .ask(admin, GroupAdminProcessor::kUpdateAndGetGroupForbidden,
                 {{"group", "g"}, {"topic", "T"}, {"readable", "false"}})
            .body == R"({"group":"g","readable":false,"topic":"T"})");
  broker.offsets.commit("g", "T", 0, 5);
  CHECK(broker.ask(admin, RequestCode::kDeleteSubscriptionGroup, {{"groupName", "g"}, {"cleanOffset", "true"}}).code ==
        0);
  CHECK_FALSE(broker.groups.contains("g"));
  CHECK_FALSE(broker.offsets.query("g", "T", 0));
  broker.config.auto_create_subscription_group = false;
  CHECK(broker.ask(admin, RequestCode::kGetSubscriptionGroupConfig, {{"group", "g"}}).code ==
        ResponseCode::kSubscriptionGroupNotExist);
}

TEST_CASE("configuration by request (CVE-2023-33246, CVE-2024-23321)") {
  FakeBroker broker;
  int told = 0;
  ConfigProcessor admin(broker.live_config, [&] { ++told; });
  auto update = [&](const std::string& text) {
    return broker.ask(admin, RequestCode::kUpdateBrokerConfig, {}, text).code;
  };
  CHECK(update("maxMessageSize=1000\nbrokerPermission=4\n") == 0);
  CHECK(broker.config.max_message_size == 1000);
  CHECK(told == 1);
  CHECK(update("storePathRootDir=/tmp/x") == ResponseCode::kNoPermission);
  CHECK(update("rocketmqHome=-c $@|sh . echo touch /tmp/x;\nfilterServerNums=1") == ResponseCode::kNoPermission);
  CHECK(update("maxMessageSize=-5") == ResponseCode::kInvalidParameter);
  CHECK(update("x=\\u00") == ResponseCode::kSystemError);
  CHECK(broker.config.max_message_size == 1000);

  broker.config.tls_server_key_password = "hunter2";
  auto shown = broker.ask(admin, RequestCode::kGetBrokerConfig);
  CHECK(field(shown, "version") == R"({"counter":1,"stateVersion":0,"timestamp":1700000000000})");
  CHECK(shown.body.find("maxMessageSize=1000\n") != std::string::npos);
  CHECK(shown.body.find("hunter2") == std::string::npos);
}

TEST_CASE("runtime information has the names that tools read") {
  FakeBroker broker;
  RuntimeInfoProcessor processor(broker.config, *broker.store, broker.delay_offsets, broker.clock);
  processor.sample();
  broker.put("T", 0, 100);
  broker.delay_offsets.set(3, 7);
  broker.clock.advance(9'000);
  processor.sample();
  auto answer = broker.ask(processor, RequestCode::kGetBrokerRuntimeInfo);
  auto table = protocol::parse_body<protocol::KvTable>(answer.body);
  REQUIRE(table);
  CHECK(table->table["putTps"] == "10.00 10.00 10.00");
  CHECK(table->table["msgPutTotalTodayNow"] == "100");
  CHECK(table->table["brokerVersionDesc"] == "V5_5_0");
  CHECK(table->table["runtime"] == "[ 0 days, 0 hours, 0 minutes, 10 seconds ]");
  CHECK(table->table["scheduleMessageOffset_3"] == "7,0");
  CHECK(table->table["putMessageDistributeTime"].starts_with("[<=0ms]:100 [0~10ms]:0 "));
  for (const char* key :
       {"getTotalTps", "getTransferredTps", "commitLogDiskRatio", "commitLogDirCapacity", "earliestMessageTimeStamp",
        "sendThreadPoolQueueSize", "pullThreadPoolQueueHeadWaitTimeMills", "dispatchBehindBytes", "bootTimestamp"}) {
    CAPTURE(key);
    CHECK(table->table.contains(key));
  }
}

TEST_CASE("daily totals step at midnight") {
  RuntimeRates rates;
  rates.sample(0, 10, {5, 0, 0, 0});
  CHECK(rates.days(RuntimeRates::kPut).today_morning == 0);
  rates.sample(1000, 11, {100, 0, 0, 0});
  rates.sample(2000, 12, {300, 0, 0, 0});
  CHECK(rates.days(RuntimeRates::kPut).yesterday_morning == 100);
  CHECK(rates.days(RuntimeRates::kPut).today_morning == 300);
  CHECK(rates.rates(RuntimeRates::kPut) == "147.50 147.50 147.50");
}

TEST_CASE("how far consumption is") {
  FakeBroker broker;
  ConsumeAdminProcessor admin(broker.config, broker.topics, broker.groups, broker.clients, broker.offsets,
                              broker.delay_offsets, *broker.store, broker.clock);
  protocol::TopicConfig topic;
  topic.topic_name = "T";
  topic.read_queue_nums = topic.write_queue_nums = 2;
  REQUIRE(broker.topics.update({topic}));
  REQUIRE(broker.groups.find_or_create_and_wait("g"));
  const auto start = broker.clock.wall_ms();
  broker.put("T", 0, 5);
  broker.offsets.commit("g", "T", 0, 3);

  auto stats = protocol::parse_body<protocol::TopicStatsTable>(
      broker.ask(admin, RequestCode::kGetTopicStatsInfo, {{"topic", "T"}}).body);
  REQUIRE(stats);
  CHECK(stats->offsets.size() == 2);
  CHECK(stats->offsets[{"T", "broker-a", 0}].max_offset == 5);
  CHECK(stats->offsets[{"T", "broker-a", 0}].last_update_timestamp == start + 40);
  CHECK(stats->offsets[{"T", "broker-a", 1}].last_update_timestamp == 0);
  CHECK(broker.ask(admin, RequestCode::kGetTopicStatsInfo, {{"topic", "U"}}).code == ResponseCode::kTopicNotExist);

  auto consumed = protocol::parse_body<protocol::ConsumeStats>(
      broker.ask(admin, RequestCode::kGetConsumeStats, {{"consumerGroup", "g"}}).body);
  REQUIRE(consumed);
  const auto& offset = consumed->offsets[{"T", "broker-a", 0}];
  CHECK(offset.broker_offset == 5);
  CHECK(offset.consumer_offset == 3);
  CHECK(offset.pull_offset == 3);
  CHECK(offset.last_timestamp == start + 20);

  CHECK(broker.ask(admin, RequestCode::kQueryTopicConsumeByWho, {{"topic", "T"}}).body == R"({"groupList":["g"]})");
  CHECK(broker.ask(admin, RequestCode::kQueryTopicsByConsumer, {{"group", "g"}}).body ==
        R"({"brokerAddr":"10.0.0.1:10911","topicList":["T"]})");
  auto span = broker.ask(admin, RequestCode::kQueryConsumeTimeSpan, {{"topic", "T"}, {"group", "g"}}).body;
  CHECK(span.find(R"({"consumeTimeStamp":)" + std::to_string(start + 20) + R"(,"delayTime":20,"maxTimeStamp":)" +
                  std::to_string(start + 40)) != std::string::npos);

  CHECK(
      broker
          .ask(admin, ConsumeAdminProcessor::kCloneGroupOffset, {{"srcGroup", "g"}, {"destGroup", "h"}, {"topic", "T"}})
          .code == 0);
  CHECK(broker.offsets.query("h", "T", 0) == 3);
  CHECK(broker.ask(admin, RequestCode::kGetAllConsumerOffset).body.find(R"("T@g":{0:3})") != std::string::npos);
  CHECK(broker.ask(admin, RequestCode::kGetAllDelayOffset).body.find(R"("offsetTable":{})") != std::string::npos);
}

TEST_CASE("offsets reset") {
  FakeBroker broker;
  ConsumeAdminProcessor admin(broker.config, broker.topics, broker.groups, broker.clients, broker.offsets,
                              broker.delay_offsets, *broker.store, broker.clock);
  protocol::TopicConfig topic;
  topic.topic_name = "T";
  topic.read_queue_nums = topic.write_queue_nums = 2;
  REQUIRE(broker.topics.update({topic}));
  REQUIRE(broker.groups.find_or_create_and_wait("g"));
  const auto start = broker.clock.wall_ms();
  broker.put("T", 0, 5);
  auto reset = [&](testing::Fields more, const char* group = "g", const char* name = "T") {
    testing::Fields fields{{"group", group}, {"topic", name}, {"isForce", "true"}};
    fields.insert(fields.end(), more.begin(), more.end());
    return broker.ask(admin, RequestCode::kInvokeBrokerToResetOffset, fields);
  };
  CHECK(
      reset({{"timestamp", std::to_string(start + 20)}}).body ==
      R"({"offsetTable":{{"brokerName":"broker-a","queueId":0,"topic":"T"}:2,{"brokerName":"broker-a","queueId":1,"topic":"T"}:0}})");
  CHECK(broker.offsets.take_reset("g", "T", 0) == 2);
  CHECK(reset({{"timestamp", "-1"}, {"queueId", "0"}}).code == 0);
  CHECK(broker.offsets.take_reset("g", "T", 0) == 5);
  CHECK(reset({{"timestamp", "0"}, {"queueId", "0"}, {"offset", "4"}}).code == 0);
  CHECK(broker.offsets.take_reset("g", "T", 0) == 4);
  CHECK(reset({{"timestamp", "0"}, {"queueId", "0"}, {"offset", "6"}}).code == ResponseCode::kSystemError);
  CHECK(reset({{"timestamp", "0"}}, "nobody").code == ResponseCode::kSubscriptionGroupNotExist);
  CHECK(reset({{"timestamp", "0"}}, "g", "U").code == ResponseCode::kTopicNotExist);
  CHECK_FALSE(broker.offsets.has_reset("g", "T", 0));
}

TEST_CASE("consumption of all groups") {
  FakeBroker broker;
  ConsumeAdminProcessor admin(broker.config, broker.topics, broker.groups, broker.clients, broker.offsets,
                              broker.delay_offsets, *broker.store, broker.clock);
  protocol::TopicConfig topic;
  topic.topic_name = "T";
  topic.read_queue_nums = topic.write_queue_nums = 1;
  REQUIRE(broker.topics.update({topic}));
  REQUIRE(broker.groups.find_or_create_and_wait("g"));
  broker.put("T", 0, 5);
  broker.offsets.commit("g", "T", 0, 2);
  auto ask = [&](const char* order) {
    return protocol::parse_body<protocol::ConsumeStatsList>(
        broker.ask(admin, ConsumeAdminProcessor::kGetBrokerConsumeStats, {{"isOrder", order}}).body);
  };
  CHECK(ask("false")->total_diff == 3);
  CHECK(ask("true")->total_diff == 0);
}

TEST_CASE("units of a queue, and sweeping") {
  FakeBroker broker;
  StoreAdminProcessor admin(broker.topics, broker.clients, *broker.store);
  protocol::TopicConfig topic;
  topic.topic_name = "T";
  REQUIRE(broker.topics.update({topic}));
  broker.put("T", 0, 5);
  broker.put("gone", 0, 1);
  auto query = [&](const char* index, const char* count, const char* name = "T") {
    return broker.ask(admin, RequestCode::kQueryConsumeQueue,
                      {{"topic", name}, {"queueId", "0"}, {"index", index}, {"count", count}});
  };
  auto two = query("1", "2").body;
  CHECK(two.starts_with(R"({"maxQueueIndex":5,"minQueueIndex":0,"queueData":[{"eval":false,"physicOffset":)"));
  CHECK(std::ranges::count(two, '{') == 3);
  CHECK(query("5", "2").remark == "Index 5 of 0@T is not exist!");
  CHECK(query("-9223372036854775808", "2147483647").code == 0);
  CHECK(query("0", "1", "U").code == ResponseCode::kSystemError);

  CHECK(broker.ask(admin, StoreAdminProcessor::kCleanUnusedTopic).code == 0);
  CHECK(query("0", "5").body.find("physicOffset") != std::string::npos);
  store::testing::dispatch_all(*broker.store);
  const auto* gone = broker.store->find_queue("gone", 0);
  CHECK((gone == nullptr || gone->min_offset() == gone->max_offset()));
  CHECK(broker.ask(admin, StoreAdminProcessor::kCleanExpiredConsumeQueue).code == 0);
  CHECK(broker.ask(admin, StoreAdminProcessor::kDeleteExpiredCommitLog).code == 0);
}

TEST_CASE("what only the consumer can answer") {
  FakeBroker broker;
  RelayProcessor relay(broker.config, broker.clients, *broker.store);
  auto consumer = std::make_shared<testing::FakeConnection>(7);
  protocol::ConsumerData data;
  data.group_name = "g";
  broker.clients.register_consumer(data, {consumer, "c", protocol::Language::kJava, 513}, false);
  auto ask = [&](const char* client) {
    return broker.ask(relay, RequestCode::kGetConsumerRunningInfo, {{"consumerGroup", "g"}, {"clientId", client}});
  };
  CHECK(ask("nobody").remark == "The Consumer <g> <nobody> not online");
  CHECK(ask("c").code == ResponseCode::kConsumeMsgTimeout);
  consumer->answer_calls([](const protocol::Command& question) {
    protocol::Command answer;
    answer.code = ResponseCode::kSuccess;
    answer.body = std::string(question.view().ext("consumerGroup")) + ":" + std::to_string(question.body.size());
    return answer;
  });
  CHECK(ask("c").body == "g:0");

  broker.put("T", 0, 1);
  auto direct = [&](const std::string& id) {
    return broker.ask(relay, RequestCode::kConsumeMessageDirectly,
                      {{"consumerGroup", "g"}, {"clientId", "c"}, {"msgId", id}});
  };
  CHECK(direct("7F00000100002A9F0000000000000000").body ==
        "g:" + std::to_string(protocol::decode_record(broker.store->record_at(0).bytes)->size));
  CHECK(direct("7F00000100002A9F0000000000000001").code == ResponseCode::kSystemError);
  CHECK(direct("nonsense").code == ResponseCode::kSystemError);
}

}  // namespace
}  // namespace rmq::broker
