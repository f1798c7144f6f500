// A whole broker on loopback, asked over its protocol.
#pragma once

#include <doctest/doctest.h>

#include <boost/asio/ip/tcp.hpp>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "broker/app/broker_server.h"
#include "common/protocol/codes.h"
#include "common/protocol/message_record.h"
#include "common/remoting/client.h"
#include "common/testing/temp_dir.h"

namespace rmq::broker::testing {

using namespace std::chrono_literals;
using protocol::Command;
using protocol::RequestCode;

struct Fixture {
  explicit Fixture(Properties more = {}) : settings(std::move(more)) { start(); }
  ~Fixture() { stop(); }

  void start() {
    config = std::make_unique<BrokerConfig>();
    Properties all = settings;
    all.merge(Properties{{"brokerName", "b"},
                         {"brokerIP1", "127.0.0.1"},
                         {"bindAddress", "127.0.0.1"},
                         {"listenPort", "0"},
                         {"adminPort", "0"},
                         {"namesrvAddr", ""},
                         {"ioThreads", "2"},
                         {"mappedFileSizeCommitLog", "1048576"},
                         {"maxHashSlotNum", "1000"},
                         {"maxIndexNum", "4000"},
                         {"messageDelayLevel", "1s 2s 1h"},
                         {"diskMaxUsedSpaceRatio", "95"},
                         {"storePathRootDir", dir / "store"}});
    REQUIRE(config->load(all));
    REQUIRE(config->complete());
    server = std::make_unique<BrokerServer>(*config, clock);
    auto status = server->start();
    REQUIRE_MESSAGE(status, (status ? "" : status.error().message));
    address = "127.0.0.1:" + std::to_string(server->port());
    client = std::make_unique<remoting::Client>(pool);
  }
  void stop() {
    client.reset();
    if (server) CHECK(server->stop());
    server.reset();
  }
  void restart() {
    stop();
    start();
  }

  Command ask(Command request, std::chrono::milliseconds timeout = 10s) {
    auto answer = client->call_and_wait(address, std::move(request), timeout);
    REQUIRE_MESSAGE(answer, (answer ? "" : answer.error().message));
    return std::move(*answer);
  }
  static Command send_request(std::string_view topic, std::string_view body, std::string_view properties = {},
                              std::int32_t queue = 0, std::int32_t reconsume_times = 0) {
    Command request;
    request.code = RequestCode::kSendMessageV2;
    request.set("a", "producers").set("b", topic).set("c", "TBW102").set("d", 4).set("e", queue).set("f", 0);
    request.set("g", std::int64_t{1}).set("h", 0).set("i", properties).set("j", reconsume_times).set("m", false);
    request.body = body;
    return request;
  }
  Command send(std::string_view topic, std::string_view body, std::string_view properties = {}, std::int32_t queue = 0,
               std::int32_t reconsume_times = 0) {
    return ask(send_request(topic, body, properties, queue, reconsume_times));
  }
  static Command pull_request(std::string_view topic, std::int64_t offset, std::int32_t sys_flag = 4,
                              std::string_view tags = "*", std::string_view group = "consumers") {
    Command request;
    request.code = RequestCode::kPullMessage;
    request.set("consumerGroup", group).set("topic", topic).set("queueId", 0).set("queueOffset", offset);
    request.set("maxMsgNums", 32).set("sysFlag", sys_flag).set("commitOffset", std::int64_t{0});
    request.set("suspendTimeoutMillis", std::int64_t{5000})
        .set("subscription", tags)
        .set("subVersion", std::int64_t{0});
    return request;
  }
  // Pulls with long polling until `count` messages from `offset` on are there.
  std::vector<protocol::MessageRecord> pull(std::string_view topic, std::size_t count, std::int64_t offset = 0,
                                            std::string_view tags = "*") {
    std::vector<protocol::MessageRecord> records;
    for (int tries = 0; tries < 20 && records.size() < count; ++tries) {
      bodies.push_back(ask(pull_request(topic, offset, 6, tags)));
      std::string_view body = bodies.back().body;
      while (!body.empty()) {
        auto record = protocol::decode_record(body);
        REQUIRE(record);
        body.remove_prefix(static_cast<std::size_t>(record->size));
        records.push_back(*record);
      }
      offset = std::stoll(std::string(bodies.back().view().ext("nextBeginOffset")));
    }
    CHECK(records.size() == count);
    return records;
  }

  rmq::testing::TempDir dir;
  Properties settings;
  SystemClock clock;
  remoting::IoPool pool{1};
  std::unique_ptr<BrokerConfig> config;
  std::unique_ptr<BrokerServer> server;
  std::unique_ptr<remoting::Client> client;
  std::string address;
  std::list<Command> bodies;
};

// A port of loopback that was free a moment ago, for brokers that must know their address before they listen.
inline std::string free_port() {
  boost::asio::io_context io;
  boost::asio::ip::tcp::acceptor acceptor(io, {boost::asio::ip::address_v4::loopback(), 0});
  return std::to_string(acceptor.local_endpoint().port());
}

inline std::string property(std::string_view name, std::string_view value) {
  std::string out(name);
  return out.append(1, '\x01').append(value).append(1, '\x02');
}

}  // namespace rmq::broker::testing
