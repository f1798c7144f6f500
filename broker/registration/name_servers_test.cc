#include "broker/registration/name_servers.h"

#include <doctest/doctest.h>

#include <condition_variable>

#include "common/protocol/codes.h"
#include "common/protocol/headers/namesrv.h"
#include "common/remoting/server.h"

namespace rmq::broker {
namespace {

using protocol::RequestCode;

constexpr std::chrono::seconds kLimit{10};

// Writes down who came and went: "+0 host:port v3", "-2 host:port".
class FakeNameServer final : public remoting::Handler {
 public:
  void handle(const remoting::Request& request) override {
    auto answer = protocol::response_to(request.command, protocol::ResponseCode::kSuccess);
    std::string line = request.command.code == RequestCode::kRegisterBroker ? "+" : "-";
    line += std::string(request.command.ext("brokerId")) + " " + std::string(request.command.ext("brokerAddr"));
    if (request.command.code == RequestCode::kRegisterBroker) {
      const auto body = protocol::parse_body<protocol::RegisterBrokerBody>(request.command.body);
      line += " v" + std::to_string(body ? body->topic_config.data_version.state_version : -1);
      answer.set("masterAddr", "10.0.0.9:10911").set("haServerAddr", "10.0.0.9:10912");
    }
    {
      std::lock_guard lock(mutex_);
      lines_.push_back(std::move(line));
    }
    changed_.notify_all();
    remoting::reply(request, std::move(answer));
  }
  std::vector<std::string> await(std::size_t count) {
    std::unique_lock lock(mutex_);
    CHECK(changed_.wait_for(lock, kLimit, [&] { return lines_.size() >= count; }));
    return std::exchange(lines_, {});
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

struct Rig {
  Rig() : pool(1), fake(std::make_shared<FakeNameServer>()), server(pool, {.bind_host = "127.0.0.1"}), client(pool) {
    server.route(RequestCode::kRegisterBroker, fake);
    server.route(RequestCode::kUnregisterBroker, fake);
    REQUIRE(server.start());
    REQUIRE(config.load({{"namesrvAddr", "127.0.0.1:" + std::to_string(server.port())}, {"brokerName", "b"}}));
    names = std::make_unique<NameServers>(
        config, client, [] { return protocol::RegisterBrokerBody{}; },
        [this](const std::string& address, const std::string& ha) {
          {
            std::lock_guard lock(mutex);
            master = address + "/" + ha;
          }
          changed.notify_all();
        });
    names->start();
  }
  ~Rig() {
    names->stop();
    client.close();
    server.stop();
    pool.stop();
  }

  BrokerConfig config;
  remoting::IoPool pool;
  std::shared_ptr<FakeNameServer> fake;
  remoting::Server server;
  remoting::Client client;
  std::mutex mutex;
  std::condition_variable changed;
  std::string master;
  std::unique_ptr<NameServers> names;
};

using Lines = std::vector<std::string>;

TEST_CASE("nothing is registered before there is a role; then at once, and out at the end") {
  Rig rig;
  CHECK(rig.names->registered() == 0);
  rig.names->announce({.broker_id = 2, .address = "a:1", .ha_address = "a:2", .state_version = 3});
  CHECK(rig.fake->await(1) == Lines{"+2 a:1 v3"});
  {
    std::unique_lock lock(rig.mutex);
    CHECK(rig.changed.wait_for(lock, kLimit, [&] { return rig.master == "10.0.0.9:10911/10.0.0.9:10912"; }));
  }
  rig.names->stop();
  CHECK(rig.fake->await(1) == Lines{"-2 a:1"});
}

TEST_CASE("one address: the other role takes the entry's place by itself") {
  Rig rig;
  rig.names->announce({.broker_id = 2, .address = "a:1"});
  CHECK(rig.fake->await(1) == Lines{"+2 a:1 v0"});
  rig.names->announce({.broker_id = 0, .address = "a:1", .state_version = 4});
  CHECK(rig.fake->await(1) == Lines{"+0 a:1 v4"});
  rig.names->announce({.broker_id = 2, .address = "a:1", .state_version = 5});
  CHECK(rig.fake->await(1) == Lines{"+2 a:1 v5"});
  rig.names->stop();
  CHECK(rig.fake->await(1) == Lines{"-2 a:1"});
}

TEST_CASE("an address that follows the master is never taken out by who was master: the next one stands there") {
  Rig rig;
  rig.names->announce({.broker_id = 2, .address = "a:1"});
  CHECK(rig.fake->await(1) == Lines{"+2 a:1 v0"});
  rig.names->announce({.broker_id = 0, .address = "svc:1", .state_version = 4, .shared_address = true});
  CHECK(rig.fake->await(2) == Lines{"+0 svc:1 v4", "-2 a:1"});
  rig.names->announce({.broker_id = 2, .address = "a:1", .state_version = 5});
  CHECK(rig.fake->await(1) == Lines{"+2 a:1 v5"});
  rig.names->announce({.broker_id = 0, .address = "svc:1", .state_version = 6, .shared_address = true});
  CHECK(rig.fake->await(2) == Lines{"+0 svc:1 v6", "-2 a:1"});
  rig.names->stop();
  rig.server.stop();
}

}  // namespace
}  // namespace rmq::broker
