// The whole name server over its protocol.
#include "namesrv/server.h"

#include <doctest/doctest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "common/base/crc32.h"
#include "common/protocol/codes.h"
#include "common/remoting/client.h"
#include "common/remoting/server.h"
#include "common/testing/temp_dir.h"

using namespace rmq;
using namespace rmq::namesrv;
using protocol::Command;
using protocol::RequestCode;
using protocol::ResponseCode;

namespace {

constexpr std::chrono::seconds kLimit{5};

// Waits for something that other threads bring about.
bool eventually(const std::function<bool()>& holds) {
  for (auto until = std::chrono::steady_clock::now() + kLimit; std::chrono::steady_clock::now() < until;) {
    if (holds()) return true;
    std::this_thread::yield();
  }
  return holds();
}
bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

struct Running {
  explicit Running(Properties more = {}) {
    Properties properties{{"listenPort", "0"},
                          {"bindAddress", "127.0.0.1"},
                          {"adminPort", "0"},
                          {"serverSelectorThreads", "2"},
                          {"kvConfigPath", folder / "kv/kvConfig.json"},
                          {"configStorePath", folder / "namesrv.properties"}};
    for (auto& [key, value] : more) properties[key] = value;
    REQUIRE(configuration.load(properties));
    server = std::make_unique<NameServer>(configuration, clock);
    REQUIRE(server->start());
    address = "127.0.0.1:" + std::to_string(server->port());
  }
  Command call(Command request) { return call_over(*client, std::move(request)); }
  Command call_over(remoting::Client& over, Command request) {
    auto response = over.call_and_wait(address, std::move(request), kLimit);
    REQUIRE(response);
    return *std::move(response);
  }
  Command call(std::int32_t code, std::vector<std::pair<std::string, std::string>> fields = {}, std::string body = {}) {
    Command request;
    request.code = code;
    request.ext_fields = std::move(fields);
    request.body = std::move(body);
    return call(std::move(request));
  }
  std::string route(std::string_view topic) {
    auto response = call(RequestCode::kGetRouteInfoByTopic, {{"topic", std::string(topic)}});
    return response.code == 0 ? response.body : "code " + std::to_string(response.code);
  }

  testing::TempDir folder;
  ManualClock clock;
  Configuration configuration;
  std::unique_ptr<NameServer> server;
  std::string address;
  remoting::IoPool pool{1};
  std::unique_ptr<remoting::Client> client = std::make_unique<remoting::Client>(pool);
};

std::string body_of(std::string_view topics, int version = 1) {
  return R"({"filterServerList":[],"topicConfigSerializeWrapper":{"dataVersion":{"counter":)" +
         std::to_string(version) + R"(,"stateVersion":0,"timestamp":7},"topicConfigTable":{)" + std::string(topics) +
         "}}}";
}
constexpr std::string_view kTwoTopics =
    R"("T1":{"perm":6,"readQueueNums":8,"topicName":"T1","writeQueueNums":8},"T2":{"topicName":"T2"})";

Command registration(std::string_view name = "br-a", std::string_view broker_address = "127.0.0.1:1", int id = 0,
                     std::string body = body_of(kTwoTopics)) {
  Command request;
  request.code = RequestCode::kRegisterBroker;
  request.set("brokerName", name).set("brokerAddr", broker_address).set("clusterName", "c");
  request.set("haServerAddr", "127.0.0.1:2").set("brokerId", id).set("enableActingMaster", true);
  request.set("bodyCrc32", crc32_positive(body));
  request.body = std::move(body);
  return request;
}

}  // namespace

TEST_CASE("a broker registers, clients find it, it leaves") {
  Running ns;
  CHECK(ns.route("T1") == "code 17");
  CHECK(ns.call(registration()).code == 0);
  CHECK(has(ns.route("T1"), R"("brokerAddrs":{"0":"127.0.0.1:1"})"));
  Command old;
  old.code = RequestCode::kGetRouteInfoByTopic;
  old.version = 399;
  old.set("topic", "T1");
  CHECK(has(ns.call(old).body, R"("brokerAddrs":{0:"127.0.0.1:1"})"));
  old.set("acceptStandardJsonOnly", true);
  CHECK(has(ns.call(old).body, R"("brokerAddrs":{"0":"127.0.0.1:1"})"));

  auto slave = ns.call(registration("br-a", "127.0.0.1:3", 1));
  CHECK(slave.view().ext("masterAddr") == "127.0.0.1:1");
  CHECK(slave.view().ext("haServerAddr") == "127.0.0.1:2");
  CHECK(has(ns.route("T1"), R"("1":"127.0.0.1:3")"));  // the cached answer is gone
  CHECK(has(ns.call(RequestCode::kGetBrokerClusterInfo).body, R"("clusterAddrTable":{"c":["br-a"]})"));
  CHECK(has(ns.call(RequestCode::kGetBrokerMemberGroup, {{"clusterName", "c"}, {"brokerName", "br-a"}}).body,
            R"(1:"127.0.0.1:3")"));

  for (auto [broker, id] : {std::pair("127.0.0.1:1", "0"), {"127.0.0.1:3", "1"}}) {
    CHECK(ns.call(RequestCode::kUnregisterBroker,
                  {{"brokerName", "br-a"}, {"brokerAddr", broker}, {"clusterName", "c"}, {"brokerId", id}})
              .code == 0);
  }
  CHECK(eventually([&] { return ns.route("T1") == "code 17"; }));
}

TEST_CASE("registrations that are wrong are answered with an error") {
  Running ns;
  auto bad_sum = registration();
  bad_sum.set("bodyCrc32", 5);
  std::erase_if(bad_sum.ext_fields,
                [](const auto& field) { return field.first == "bodyCrc32" && field.second != "5"; });
  CHECK(ns.call(bad_sum).remark == "crc32 not match");
  CHECK(ns.call(registration("br-a", "127.0.0.1:1", 0, "{\"a\":")).code == ResponseCode::kSystemError);
  CHECK(ns.call(registration("br-a", "127.0.0.1:1", 0, body_of(R"("T":{})"))).remark == "register broker failed");
  CHECK(ns.call(registration("", "127.0.0.1:1")).code == ResponseCode::kSystemError);
  CHECK(ns.call(RequestCode::kRegisterBroker).code == ResponseCode::kSystemError);
  CHECK(ns.call(RequestCode::kGetRouteInfoByTopic).code == ResponseCode::kSystemError);
  CHECK(ns.call(12345).code == ResponseCode::kRequestCodeNotSupported);
}

TEST_CASE("an unchanged registration refreshes, a changed one is merged") {
  Running ns;
  ns.call(registration());
  ns.call(registration());
  ns.call(RequestCode::kDeleteTopicInNamesrv, {{"topic", "T1"}});
  CHECK(ns.route("T1") == "code 17");
  ns.call(registration());
  CHECK(has(ns.route("T1"), "br-a"));
  ns.call(registration("br-a", "127.0.0.1:1", 0, body_of(R"("T3":{"perm":4})", 2)));
  CHECK(has(ns.route("T3"), R"("perm":4)"));
  auto version =
      ns.call(RequestCode::kQueryDataVersion,
              {{"brokerName", "br-a"}, {"brokerAddr", "127.0.0.1:1"}, {"clusterName", "c"}, {"brokerId", "0"}},
              R"({"counter":2,"stateVersion":0,"timestamp":7})");
  CHECK(version.view().ext("changed") == "false");
  CHECK(version.body == R"({"counter":2,"stateVersion":0,"timestamp":7})");
  CHECK(ns.call(RequestCode::kQueryDataVersion,
                {{"brokerName", "x"}, {"brokerAddr", "x"}, {"clusterName", "c"}, {"brokerId", "0"}}, "{}")
            .view()
            .ext("changed") == "true");
}

TEST_CASE("silent brokers expire, those that report stay; a closed connection takes its brokers along") {
  Running ns;
  auto short_lived = registration("br-a", "127.0.0.1:1");
  short_lived.set("heartbeatTimeoutMillis", 10'000);
  auto other = std::make_unique<remoting::Client>(ns.pool);
  ns.call_over(*other, short_lived);
  ns.call(registration("br-b", "127.0.0.1:5"));
  ns.clock.advance(9000);
  Command heartbeat;
  heartbeat.code = RequestCode::kBrokerHeartbeat;
  heartbeat.set("clusterName", "c").set("brokerAddr", "127.0.0.1:1").set("brokerName", "br-a");
  CHECK(ns.call(heartbeat).code == 0);
  ns.clock.advance(9000);
  ns.call(registration("br-c", "127.0.0.1:6"));  // wakes what looks for expired brokers
  CHECK(has(ns.route("T1"), "br-a"));
  ns.clock.advance(2000);
  ns.call(registration("br-c", "127.0.0.1:6", 0, body_of(kTwoTopics, 2)));
  CHECK(eventually([&] { return !has(ns.route("T1"), "br-a"); }));
  CHECK(has(ns.route("T1"), "br-b"));

  ns.call_over(*other, registration("br-d", "127.0.0.1:7"));
  CHECK(has(ns.route("T1"), "br-d"));
  other->close();
  CHECK(eventually([&] { return !has(ns.route("T1"), "br-d"); }));
  CHECK(has(ns.route("T1"), "br-c"));
}

TEST_CASE("key-value configuration over the wire, across a restart") {
  Running ns;
  CHECK(ns.call(RequestCode::kGetKvConfig, {{"namespace", "n"}, {"key", "k"}}).code == ResponseCode::kQueryNotFound);
  CHECK(ns.call(RequestCode::kPutKvConfig, {{"namespace", "n"}, {"key", "k"}, {"value", "v"}}).code == 0);
  CHECK(ns.call(RequestCode::kPutKvConfig, {{"namespace", "ORDER_TOPIC_CONFIG"}, {"key", "T1"}, {"value", "br-a:8"}})
            .code == 0);
  CHECK(ns.call(registration()).body == R"({"table":{"T1":"br-a:8"}})");
  CHECK(!has(ns.route("T1"), "orderTopicConf"));
  CHECK(ns.call(RequestCode::kUpdateNamesrvConfig, {}, "orderMessageEnable=true\n").code == 0);
  CHECK(has(ns.route("T1"), R"("orderTopicConf":"br-a:8")"));
  ns.call(RequestCode::kPutKvConfig, {{"namespace", "ORDER_TOPIC_CONFIG"}, {"key", "T1"}, {"value", "br-a:4"}});
  CHECK(has(ns.route("T1"), R"("orderTopicConf":"br-a:4")"));

  ns.server = std::make_unique<NameServer>(ns.configuration, ns.clock);
  REQUIRE(ns.server->start());
  ns.address = "127.0.0.1:" + std::to_string(ns.server->port());
  CHECK(ns.call(RequestCode::kGetKvConfig, {{"namespace", "n"}, {"key", "k"}}).view().ext("value") == "v");
  CHECK(ns.call(RequestCode::kGetKvListByNamespace, {{"namespace", "n"}}).body == R"({"table":{"k":"v"}})");
  CHECK(ns.call(RequestCode::kDeleteKvConfig, {{"namespace", "n"}, {"key", "k"}}).code == 0);
  CHECK(ns.call(RequestCode::kGetKvListByNamespace, {{"namespace", "n"}}).body == R"({"table":{}})");
  CHECK(ns.call(RequestCode::kGetKvListByNamespace, {{"namespace", "other"}}).code == ResponseCode::kQueryNotFound);
}

TEST_CASE("topic lists, write permission, single topics") {
  Running ns;
  ns.call(registration());
  CHECK(ns.call(RequestCode::kWipeWritePermOfBroker, {{"brokerName", "br-a"}}).view().ext("wipeTopicCount") == "2");
  CHECK(has(ns.route("T1"), R"("perm":4)"));
  CHECK(ns.call(RequestCode::kAddWritePermOfBroker, {{"brokerName", "br-a"}}).view().ext("addTopicCount") == "2");
  CHECK(has(ns.route("T1"), R"("perm":6)"));
  CHECK(
      ns.call(
            RequestCode::kRegisterTopicInNamesrv, {{"topic", "N"}},
            R"({"queueDatas":[{"brokerName":"br-a","perm":6,"readQueueNums":1,"topicSysFlag":3,"writeQueueNums":1}]})")
          .code == 0);
  CHECK(has(ns.route("N"), "br-a"));
  CHECK(has(ns.call(RequestCode::kGetAllTopicListFromNameserver).body, "\"N\""));
  CHECK(ns.call(RequestCode::kGetUnitTopicList).body == R"({"topicList":["N"]})");
  CHECK(ns.call(RequestCode::kGetHasUnitSubTopicList).body == R"({"topicList":["N"]})");
  CHECK(ns.call(RequestCode::kGetHasUnitSubUnunitTopicList).body == R"({"topicList":[]})");
  CHECK(has(ns.call(RequestCode::kGetTopicsByCluster, {{"cluster", "c"}}).body, "\"T1\""));
  CHECK(ns.call(RequestCode::kGetSystemTopicListFromNs).body ==
        R"({"brokerAddr":"127.0.0.1:1","topicList":["br-a","c"]})");
  CHECK(ns.call(RequestCode::kUpdateNamesrvConfig, {}, "enableTopicList=false\nenableAllTopicList=false").code == 0);
  CHECK(ns.call(RequestCode::kGetAllTopicListFromNameserver).remark == "disable");
  CHECK(ns.call(RequestCode::kGetUnitTopicList).remark == "disable");
  CHECK(ns.call(RequestCode::kDeleteTopicInNamesrv, {{"topic", "N"}, {"clusterName", "c"}}).code == 0);
  CHECK(ns.route("N") == "code 17");
}

TEST_CASE("zones filter the route that asks for it") {
  Running ns;
  for (auto [name, address, zone] : {std::tuple("br-a", "127.0.0.1:1", "za"), {"br-b", "127.0.0.1:2", "zb"}}) {
    auto request = registration(name, address);
    request.set("__ZONE_NAME", zone);
    ns.call(request);
  }
  auto answer =
      ns.call(RequestCode::kGetRouteInfoByTopic, {{"topic", "T1"}, {"__ZONE_MODE", "true"}, {"__ZONE_NAME", "ZA"}});
  CHECK(has(answer.body, "br-a"));
  CHECK(!has(answer.body, "br-b"));
  CHECK(has(ns.call(RequestCode::kGetRouteInfoByTopic, {{"topic", "T1"}, {"__ZONE_NAME", "ZA"}}).body, "br-b"));
}

// CVE-2023-37582
TEST_CASE("configuration over the wire: an allow-list, and nothing half done") {
  Running ns;
  auto shown = ns.call(RequestCode::kGetNamesrvConfig).body;
  CHECK(has(shown, "orderMessageEnable=false\n"));
  auto denied = ns.call(RequestCode::kUpdateNamesrvConfig, {}, "orderMessageEnable=true\nconfigStorePath=/tmp/evil");
  CHECK(denied.code == ResponseCode::kNoPermission);
  CHECK(ns.call(RequestCode::kGetNamesrvConfig).body == shown);
  CHECK(ns.call(RequestCode::kUpdateNamesrvConfig, {}, "waitSecondsForService=1\\nx").code ==
        ResponseCode::kInvalidParameter);
  CHECK(ns.call(RequestCode::kUpdateNamesrvConfig, {}, "waitSecondsForService=1\nneedWaitForService=true").code == 0);
  CHECK(ns.call(RequestCode::kGetRouteInfoByTopic, {{"topic", "T"}}).remark == "name server not ready");
  ns.clock.advance(1000);
  CHECK(ns.route("T") == "code 17");
}

TEST_CASE("brokers are told when the least id of their group changes") {
  Running ns(Properties{{"notifyMinBrokerIdChanged", "true"}});
  struct Recorder final : remoting::Handler {
    void handle(const remoting::Request& request) override {
      std::lock_guard lock(mutex);
      seen = std::string(request.command.ext("minBrokerId")) + " " + std::string(request.command.ext("minBrokerAddr")) +
             " " + std::string(request.command.ext("offlineBrokerAddr"));
    }
    std::string text() {
      std::lock_guard lock(mutex);
      return seen;
    }
    std::mutex mutex;
    std::string seen;
  };
  auto recorder = std::make_shared<Recorder>();
  remoting::ServerOptions options;
  options.bind_host = "127.0.0.1";
  remoting::Server broker(ns.pool, options);
  broker.route(RequestCode::kNotifyMinBrokerIdChange, recorder);
  REQUIRE(broker.start());
  auto slave_address = "127.0.0.1:" + std::to_string(broker.port());
  ns.call(registration("br-a", slave_address, 1));
  ns.call(registration("br-a", "127.0.0.1:1", 0));
  CHECK(eventually([&] { return recorder->text() == "0 127.0.0.1:1 "; }));
  ns.call(RequestCode::kUnregisterBroker,
          {{"brokerName", "br-a"}, {"brokerAddr", "127.0.0.1:1"}, {"clusterName", "c"}, {"brokerId", "0"}});
  CHECK(eventually([&] { return recorder->text() == "1 " + slave_address + " 127.0.0.1:1"; }));
  broker.stop();
}

TEST_CASE("a name server that can't listen or read its file does not start") {
  Running ns;
  Configuration configuration;
  REQUIRE(configuration.load({{"listenPort", std::to_string(ns.server->port())},
                              {"bindAddress", "127.0.0.1"},
                              {"adminPort", "0"},
                              {"kvConfigPath", ns.folder / "none.json"}}));
  NameServer second(configuration, ns.clock);
  CHECK(!second.start());
}
