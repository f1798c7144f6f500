// The whole broker over its protocol, on loopback, with a store that is opened again.
#include "broker/app/broker_server.h"

#include <doctest/doctest.h>

#include <future>
#include <list>

#include "broker/app/broker_fixture.h"
#include "broker/app/store_settings.h"
#include "common/base/bytes.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers/pull.h"
#include "common/protocol/headers/send.h"
#include "common/protocol/message_properties.h"
#include "common/protocol/message_record.h"
#include "common/remoting/client.h"
#include "common/testing/temp_dir.h"

using namespace rmq;
using namespace rmq::broker;
using namespace std::chrono_literals;
using protocol::Command;
using protocol::RequestCode;
using protocol::ResponseCode;

using broker::testing::Fixture;
using broker::testing::property;

TEST_CASE("broker: a message sent is a message pulled, also after a restart") {
  Fixture f;
  for (int i = 0; i < 3; ++i) {
    const auto answer = f.send("Fresh", "body " + std::to_string(i), property("UNIQ_KEY", "K" + std::to_string(i)));
    REQUIRE(answer.code == 0);
    CHECK(answer.view().ext("queueOffset") == std::to_string(i));
    CHECK(answer.view().ext("transactionId") == "K" + std::to_string(i));
    CHECK(answer.view().ext("msgId").size() == 32);
    CHECK(answer.view().ext("MSG_REGION") == "DefaultRegion");
  }
  f.restart();
  const auto records = f.pull("Fresh", 3);
  REQUIRE(records.size() == 3);
  CHECK(records[2].body == "body 2");
  CHECK(protocol::find_property(records[2].properties, "CLUSTER") == "DefaultCluster");
  CHECK(f.send("Fresh", "after").view().ext("queueOffset") == "3");
}

TEST_CASE("broker: a held pull is answered by the arrival") {
  Fixture f;
  REQUIRE(f.send("T", "first").code == 0);
  f.pull("T", 1);
  std::promise<Command> promise;
  const auto started = std::chrono::steady_clock::now();
  f.client->call(f.address, Fixture::pull_request("T", 1, 6), 10s,
                 [&](Result<Command> answer) { promise.set_value(std::move(*answer)); });
  REQUIRE(f.send("T", "second").code == 0);
  const auto answer = promise.get_future().get();
  CHECK(answer.code == 0);
  CHECK(std::chrono::steady_clock::now() - started < 4s);
}

TEST_CASE("broker: pulls beyond the ends are moved, empty queues are not found") {
  Fixture f;
  REQUIRE(f.send("T", "x").code == 0);
  f.pull("T", 1);
  const auto moved = f.ask(Fixture::pull_request("T", 100));
  CHECK(moved.code == ResponseCode::kPullOffsetMoved);
  CHECK(moved.view().ext("nextBeginOffset") == "1");
  CHECK(moved.remark == "OFFSET_OVERFLOW_BADLY");
  CHECK(f.ask(Fixture::pull_request("T", 1)).code == ResponseCode::kPullNotFound);
  CHECK(f.ask(Fixture::pull_request("Nowhere", 0)).code == ResponseCode::kTopicNotExist);
}

TEST_CASE("broker: tags are compared") {
  Fixture f;
  f.send("T", "a", property("TAGS", "A"));
  f.send("T", "b", property("TAGS", "B"));
  f.send("T", "c", property("TAGS", "A"));
  const auto records = f.pull("T", 2, 0, "A || C");
  REQUIRE(records.size() == 2);
  CHECK(records[1].body == "c");
}

TEST_CASE("broker: a batch is all or nothing") {
  Fixture f;
  std::string body;
  for (int i = 0; i < 2; ++i) {
    append_be<std::int32_t>(body, 22 + 1);
    for (int k = 0; k < 3; ++k) append_be<std::int32_t>(body, 0);
    append_be<std::int32_t>(body, 1);
    body += 'x';
    append_be<std::int16_t>(body, 0);
  }
  Command request;
  request.code = RequestCode::kSendBatchMessage;
  request.set("a", "p").set("b", "T").set("c", "TBW102").set("d", 4).set("e", 0).set("f", 0);
  request.set("g", std::int64_t{1}).set("h", 0).set("m", true);
  request.body = body;
  const auto answer = f.ask(request);
  CHECK(answer.code == 0);
  CHECK(answer.view().ext("msgId").size() == 65);
  CHECK(f.pull("T", 2).size() == 2);
  request.body = body.substr(0, body.size() - 3);
  CHECK(f.ask(request).code == ResponseCode::kMessageIllegal);
  CHECK(f.ask(Fixture::pull_request("T", 2)).code == ResponseCode::kPullNotFound);
}

TEST_CASE("broker: a delayed message comes when it is due, also over a restart") {
  Fixture f;
  const auto answer = f.send("T", "later", property("DELAY", "2"));
  REQUIRE(answer.code == 0);
  f.restart();
  const auto records = f.pull("T", 1);
  REQUIRE(records.size() == 1);
  CHECK(records[0].body == "later");
  CHECK(protocol::find_property(records[0].properties, "REAL_TOPIC") == "T");
  CHECK_FALSE(protocol::has_property(records[0].properties, "DELAY"));
}

TEST_CASE("broker: a message sent back is tried again, then dead") {
  Fixture f;
  REQUIRE(f.send("T", "bad", property("UNIQ_KEY", "U")).code == 0);
  auto record = f.pull("T", 1).at(0);
  auto send_back = [&](std::int64_t physical, std::int32_t level) {
    Command request;
    request.code = RequestCode::kConsumerSendMsgBack;
    request.set("offset", physical).set("group", "consumers").set("delayLevel", level).set("maxReconsumeTimes", 1);
    return f.ask(request);
  };
  REQUIRE(send_back(record.physical_offset, 1).code == 0);
  record = f.pull("%RETRY%consumers", 1).at(0);
  CHECK(record.body == "bad");
  CHECK(record.reconsume_times == 1);
  CHECK(protocol::find_property(record.properties, "RETRY_TOPIC") == "T");
  CHECK(protocol::find_property(record.properties, "ORIGIN_MESSAGE_ID").size() == 32);
  REQUIRE(send_back(record.physical_offset, 1).code == 0);
  CHECK(f.pull("%DLQ%consumers", 1).at(0).body == "bad");
  CHECK(send_back(1'000'000'000, 1).code == ResponseCode::kSystemError);
}

TEST_CASE("broker: what is not served is refused in words") {
  Fixture f;
  CHECK(f.send("T", "t", property("TRAN_MSG", "true")).code == ResponseCode::kNoPermission);
  CHECK(f.send("T", "t", property("TIMER_DELAY_SEC", "5")).code == ResponseCode::kMessageIllegal);
  CHECK(f.send("SCHEDULE_TOPIC_XXXX", "t").code == ResponseCode::kNoPermission);
  CHECK(f.send("bad topic!", "t").code == ResponseCode::kInvalidParameter);
  CHECK(f.send("T", "t", {}, 99).code == ResponseCode::kInvalidParameter);
  CHECK(f.send("T", std::string(4 * 1024 * 1024 + 1, 'x')).code == ResponseCode::kMessageIllegal);
  CHECK(f.send("T", "t", property("long", std::string(40'000, 'x'))).code == ResponseCode::kMessageIllegal);
  Command unknown;
  unknown.code = 987654;
  CHECK(f.ask(unknown).code == ResponseCode::kRequestCodeNotSupported);
  Command bare;
  bare.code = RequestCode::kPullMessage;
  CHECK(f.ask(bare).remark == "the custom field <consumerGroup> is null");
  CHECK(f.send("T", "still alive").code == 0);
}

TEST_CASE("broker: automatic creation can be off") {
  Fixture f(Properties{{"autoCreateTopicEnable", "false"}});
  CHECK(f.send("Unknown", "x").code == ResponseCode::kTopicNotExist);
}

TEST_CASE("broker: synchronous flush answers after the disk") {
  Fixture f(Properties{{"flushDiskType", "SYNC_FLUSH"}});
  CHECK(f.send("T", "safe").code == 0);
  CHECK(f.send("T", "quick", property("WAIT", "false")).code == 0);
  CHECK(f.pull("T", 2).size() == 2);
}

TEST_CASE("broker: stores of another kind are refused") {
  for (auto [key, value] : {std::pair{"storeType", "defaultRocksDB"}, std::pair{"enableDLegerCommitLog", "true"}}) {
    BrokerConfig config;
    REQUIRE(config.load(Properties{{key, value}}));
    CHECK(store_options_of(config, 0).error().kind == ErrorKind::kUnsupported);
  }
}

TEST_CASE("delay levels: numbers with units") {
  CHECK(*parse_delay_levels("1s 5m 2h 1d") == std::vector<std::int64_t>{1000, 300'000, 7'200'000, 86'400'000});
  CHECK_FALSE(parse_delay_levels("1x"));
  CHECK_FALSE(parse_delay_levels(""));
}
