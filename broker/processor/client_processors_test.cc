#include "broker/processor/client_admin_processor.h"
#include "broker/processor/consumer_manage_processor.h"
#include "broker/processor/heartbeat_processor.h"
#include "broker/processor/lock_processor.h"
#include "broker/processor/processor_test_util.h"
#include "broker/processor/query_processor.h"
#include "broker/processor/queue_offset_processor.h"
#include "common/protocol/body/tables.h"
#include "common/protocol/message_record.h"

namespace rmq::broker {
namespace {

using protocol::RequestCode;
using protocol::ResponseCode;
using testing::FakeBroker;
using testing::FakeConnection;
using testing::field;

std::string heartbeat(const std::string& id, const std::string& group, const std::string& topic,
                      const std::string& more = R"("heartbeatFingerprint":0,"withoutSub":false)") {
  std::string subscriptions = topic.empty() ? "" : R"({"subString":"*","subVersion":1,"topic":")" + topic + "\"}";
  return R"({"clientID":")" + id +
         R"(","consumerDataSet":[{"consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","consumeType":)"
         R"("CONSUME_PASSIVELY","groupName":")" +
         group + R"(","messageModel":"CLUSTERING","subscriptionDataSet":[)" + subscriptions +
         R"(],"unitMode":false}],)" + more + R"(,"producerDataSet":[{"groupName":"p"}]})";
}

TEST_CASE("a heartbeat makes group and retry topic, and members hear of each other") {
  FakeBroker broker;
  HeartbeatProcessor heartbeats(broker.config, broker.topics, broker.groups, broker.clients);
  ConsumerManageProcessor manage(broker.topics, broker.groups, broker.clients, broker.offsets, *broker.store);
  auto answer = broker.ask(heartbeats, RequestCode::kHeartBeat, {}, heartbeat("a", "g", "T"));
  CHECK(answer.code == ResponseCode::kSuccess);
  CHECK(field(answer, "IS_SUPPORT_HEART_BEAT_V2") == "true");
  CHECK(field(answer, "IS_SUB_CHANGE") == "true");
  CHECK(broker.groups.contains("g"));
  CHECK(broker.topics.find("%RETRY%g")->write_queue_nums == 1);
  CHECK(broker.clients.producers().find("a") != nullptr);

  auto second = std::make_shared<FakeConnection>(2);
  broker.others.clear();
  CHECK(broker.ask(second, heartbeats, RequestCode::kHeartBeat, {}, heartbeat("b", "g", "T")).code == 0);
  REQUIRE(broker.others.size() == 1);
  CHECK(broker.others[0].code == RequestCode::kNotifyConsumerIdsChanged);
  CHECK(field(broker.others[0], "consumerGroup") == "g");

  auto list = broker.ask(manage, RequestCode::kGetConsumerListByGroup, {{"consumerGroup", "g"}});
  CHECK(list.body == R"({"consumerIdList":["a","b"]})");
  CHECK(broker
            .ask(heartbeats, RequestCode::kUnregisterClient,
                 {{"clientID", "a"}, {"consumerGroup", "g"}, {"producerGroup", "p"}})
            .code == 0);
  CHECK(broker.ask(manage, RequestCode::kGetConsumerListByGroup, {{"consumerGroup", "g"}}).body ==
        R"({"consumerIdList":["b"]})");
  auto none = broker.ask(manage, RequestCode::kGetConsumerListByGroup, {{"consumerGroup", "nobody"}});
  CHECK(none.code == ResponseCode::kSystemError);
  CHECK(none.remark == "no consumer for this group, nobody");
}

TEST_CASE("a client that came back on another connection is one member, not two") {
  FakeBroker broker;
  HeartbeatProcessor heartbeats(broker.config, broker.topics, broker.groups, broker.clients);
  ConsumerManageProcessor manage(broker.topics, broker.groups, broker.clients, broker.offsets, *broker.store);
  CHECK(broker.ask(heartbeats, RequestCode::kHeartBeat, {}, heartbeat("a", "g", "T")).code == 0);
  const auto again = std::make_shared<FakeConnection>(2);
  CHECK(broker.ask(again, heartbeats, RequestCode::kHeartBeat, {}, heartbeat("a", "g", "T")).code == 0);
  CHECK(broker.ask(manage, RequestCode::kGetConsumerListByGroup, {{"consumerGroup", "g"}}).body ==
        R"({"consumerIdList":["a"]})");
}

TEST_CASE("heartbeats in the short form") {
  FakeBroker broker;
  HeartbeatProcessor heartbeats(broker.config, broker.topics, broker.groups, broker.clients);
  auto beat = [&](const std::string& topic, const std::string& more) {
    auto answer = broker.ask(heartbeats, RequestCode::kHeartBeat, {}, heartbeat("a", "g", topic, more));
    CHECK(answer.code == 0);
    return std::string(field(answer, "IS_SUB_CHANGE"));
  };
  CHECK(beat("", R"("heartbeatFingerprint":7,"withoutSub":true)") == "true");  // not known here: the long form, please
  CHECK(beat("T", R"("heartbeatFingerprint":7,"withoutSub":false)") == "false");
  CHECK(beat("", R"("heartbeatFingerprint":7,"withoutSub":true)") == "false");
  CHECK(broker.clients.consumers().find_subscription("g", "T") != nullptr);
  CHECK(beat("", R"("heartbeatFingerprint":8,"withoutSub":true)") == "true");
}

TEST_CASE("hostile heartbeats") {
  FakeBroker broker;
  HeartbeatProcessor heartbeats(broker.config, broker.topics, broker.groups, broker.clients);
  for (const char* body : {"", "{", "[]", "{}", R"({"clientID":5,"consumerDataSet":{}})",
                           R"({"clientID":"a","consumerDataSet":[{"consumeType":"X"}]})"}) {
    CAPTURE(body);
    CHECK(broker.ask(heartbeats, RequestCode::kHeartBeat, {}, body).code == ResponseCode::kSystemError);
  }
  CHECK(broker.ask(heartbeats, RequestCode::kHeartBeat, {}, heartbeat("a", "../../etc", "T")).code == 0);
  CHECK_FALSE(broker.groups.contains("../../etc"));
  CHECK(broker.ask(heartbeats, RequestCode::kUnregisterClient).code == ResponseCode::kSystemError);
}

TEST_CASE("subscription checks") {
  FakeBroker broker;
  HeartbeatProcessor heartbeats(broker.config, broker.topics, broker.groups, broker.clients);
  auto check = [&](const std::string& type) {
    return broker.ask(heartbeats, RequestCode::kCheckClientConfig, {},
                      R"({"clientId":"a","group":"g","subscriptionData":{"expressionType":")" + type +
                          R"(","subString":"*","topic":"T"}})");
  };
  CHECK(check("TAG").code == 0);
  CHECK(check("SQL92").code == ResponseCode::kSystemError);
}

TEST_CASE("committed offsets") {
  FakeBroker broker;
  ConsumerManageProcessor manage(broker.topics, broker.groups, broker.clients, broker.offsets, *broker.store);
  REQUIRE(broker.groups.find_or_create_and_wait("g"));
  protocol::TopicConfig topic;
  topic.topic_name = "T";
  REQUIRE(broker.topics.update({topic}));
  auto query = [&](const char* queue, const char* zero = "") {
    testing::Fields fields{{"consumerGroup", "g"}, {"topic", "T"}, {"queueId", queue}};
    if (*zero != 0) fields.emplace_back("setZeroIfNotFound", zero);
    auto answer = broker.ask(manage, RequestCode::kQueryConsumerOffset, fields);
    return answer.code == 0 ? std::string(field(answer, "offset")) : "code " + std::to_string(answer.code);
  };
  auto commit = [&](const char* group, const char* topic_name, const char* offset) {
    return broker.ask(manage, RequestCode::kUpdateConsumerOffset,
                      {{"consumerGroup", group}, {"topic", topic_name}, {"queueId", "0"}, {"commitOffset", offset}});
  };
  CHECK(query("0") == "code 22");
  broker.put("T", 0, 5);
  CHECK(query("0") == "0");  // new group, queue still in memory from its beginning
  CHECK(query("0", "false") == "code 22");
  CHECK(commit("g", "T", "3").code == 0);
  CHECK(query("0") == "3");
  CHECK(query("1") == "code 22");
  CHECK(commit("nobody", "T", "3").code == ResponseCode::kSubscriptionGroupNotExist);
  CHECK(commit("g", "nothing", "3").code == ResponseCode::kTopicNotExist);

  CHECK(commit("g", "T", "50").code == 0);  // as after messages were lost
  CHECK(query("0") == "5");

  broker.offsets.assign_reset("g", "T", 0, 1);
  auto refused = commit("g", "T", "4");
  CHECK(refused.code == 0);
  CHECK(refused.remark == "Offset has been previously reset");
  CHECK(query("0") == "1");

  CHECK(broker.ask(manage, RequestCode::kUpdateConsumerOffset, {{"consumerGroup", "g"}}).remark ==
        "the custom field <topic> is null");
  auto silent = broker.ask(manage, RequestCode::kUpdateConsumerOffset,
                           {{"consumerGroup", "g"}, {"topic", "T"}, {"queueId", "1"}, {"commitOffset", "2"}}, {}, true);
  CHECK(silent.code == -1);
  CHECK(broker.offsets.query("g", "T", 1) == 2);
}

TEST_CASE("queue locks") {
  FakeBroker broker;
  LockProcessor locks(broker.clients.locks());
  auto body = [](const std::string& client) {
    return R"({"clientId":")" + client +
           R"(","consumerGroup":"g","mqSet":[{"brokerName":"broker-a","queueId":0,"topic":"T"}],"onlyThisBroker":false})";
  };
  const std::string held = R"({"lockOKMQSet":[{"brokerName":"broker-a","queueId":0,"topic":"T"}]})";
  CHECK(broker.ask(locks, RequestCode::kLockBatchMq, {}, body("a")).body == held);
  CHECK(broker.ask(locks, RequestCode::kLockBatchMq, {}, body("b")).body == R"({"lockOKMQSet":[]})");
  CHECK(broker.ask(locks, RequestCode::kUnlockBatchMq, {}, body("a")).code == 0);
  CHECK(broker.ask(locks, RequestCode::kLockBatchMq, {}, body("b")).body == held);
  CHECK(broker.ask(locks, RequestCode::kLockBatchMq, {}, "{").code == ResponseCode::kSystemError);
}

TEST_CASE("where a queue begins and ends") {
  FakeBroker broker;
  QueueOffsetProcessor processor(*broker.store);
  const auto start = broker.clock.wall_ms();
  broker.put("T", 0, 5);
  auto ask = [&](std::int32_t code, testing::Fields more = {}) {
    more.emplace_back("topic", "T");
    more.emplace_back("queueId", "0");
    return broker.ask(processor, code, more);
  };
  CHECK(field(ask(RequestCode::kGetMaxOffset), "offset") == "5");
  CHECK(field(ask(RequestCode::kGetMinOffset), "offset") == "0");
  CHECK(field(ask(RequestCode::kGetEarliestMsgStoreTime), "timestamp") == std::to_string(start));
  CHECK(field(ask(RequestCode::kSearchOffsetByTimestamp, {{"timestamp", std::to_string(start + 20)}}), "offset") ==
        "2");
  auto unknown = broker.ask(processor, RequestCode::kGetMaxOffset, {{"topic", "U"}, {"queueId", "-3"}});
  CHECK(field(unknown, "offset") == "0");
  CHECK(field(broker.ask(processor, RequestCode::kGetEarliestMsgStoreTime, {{"topic", "U"}, {"queueId", "0"}}),
              "timestamp") == "-1");
  CHECK(broker.ask(processor, RequestCode::kGetMaxOffset, {{"topic", "T"}, {"queueId", "x"}}).code ==
        ResponseCode::kSystemError);
}

TEST_CASE("single messages by key and by place") {
  FakeBroker broker;
  QueryProcessor processor(broker.config, *broker.store);
  broker.put("T", 0, 3, "KEYS\x01order-1\x02");
  auto by_key = broker.ask(processor, RequestCode::kQueryMessage,
                           {{"topic", "T"},
                            {"key", "order-1"},
                            {"maxNum", "10"},
                            {"beginTimestamp", "0"},
                            {"endTimestamp", std::to_string(broker.clock.wall_ms() + 1000)}});
  CHECK(by_key.code == 0);
  CHECK_FALSE(field(by_key, "indexLastUpdatePhyoffset").empty());
  int records = 0;
  for (std::string_view rest = by_key.body; !rest.empty(); ++records) {
    auto record = protocol::decode_record(rest);
    REQUIRE(record);
    CHECK(record->topic == "T");
    rest.remove_prefix(static_cast<std::size_t>(record->size));
  }
  CHECK(records == 3);
  CHECK(broker
            .ask(processor, RequestCode::kQueryMessage,
                 {{"topic", "T"},
                  {"key", "other"},
                  {"maxNum", "10"},
                  {"beginTimestamp", "0"},
                  {"endTimestamp", "9999999999999"}})
            .code == ResponseCode::kQueryNotFound);

  auto by_place =
      broker.ask(processor, RequestCode::kViewMessageById, {{"offset", std::to_string(broker.last_physical)}});
  CHECK(by_place.code == 0);
  CHECK(protocol::decode_record(by_place.body)->queue_offset == 2);
  for (const char* offset : {"1", "-1", "999999999999", "9223372036854775807"}) {
    CHECK(broker.ask(processor, RequestCode::kViewMessageById, {{"offset", offset}}).code ==
          ResponseCode::kSystemError);
  }
}

TEST_CASE("who is connected") {
  FakeBroker broker;
  HeartbeatProcessor heartbeats(broker.config, broker.topics, broker.groups, broker.clients);
  ClientAdminProcessor admin(broker.clients, broker.clock);
  broker.ask(heartbeats, RequestCode::kHeartBeat, {}, heartbeat("a", "g", "T"));
  auto consumers = broker.ask(admin, RequestCode::kGetConsumerConnectionList, {{"consumerGroup", "g"}});
  CHECK(consumers.body.starts_with(
      R"({"connectionSet":[{"clientAddr":"10.0.0.9:50000","clientId":"a","language":"JAVA","version":513}],)"
      R"("consumeFromWhere":"CONSUME_FROM_LAST_OFFSET","consumeType":"CONSUME_PASSIVELY","messageModel":"CLUSTERING","subscriptionTable":{"T":)"));
  CHECK(broker.ask(admin, RequestCode::kGetConsumerConnectionList, {{"consumerGroup", "x"}}).code ==
        ResponseCode::kConsumerNotOnline);
  CHECK(broker.ask(admin, RequestCode::kGetProducerConnectionList, {{"producerGroup", "p"}}).code == 0);
  CHECK(broker.ask(admin, RequestCode::kGetProducerConnectionList, {{"producerGroup", "x"}}).code ==
        ResponseCode::kSystemError);
  CHECK(
      broker.ask(admin, RequestCode::kGetAllProducerInfo).body ==
      R"({"data":{"p":[{"clientId":"a","language":"JAVA","lastUpdateTimestamp":1700000000000,"remoteIP":"/10.0.0.9:50000","version":513}]}})");
  CHECK(broker.ask(admin, RequestCode::kQuerySubscriptionByConsumer, {{"group", "g"}, {"topic", "T"}})
            .body.find(R"("subString":"*")") != std::string::npos);
}

}  // namespace
}  // namespace rmq::broker
