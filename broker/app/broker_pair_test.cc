// Two brokers with fixed roles in one process: what a master's log holds, its slave serves.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <mutex>
#include <sstream>
#include <thread>

#include "broker/app/broker_fixture.h"
#include "broker/topic/names.h"
#include "common/protocol/headers/namesrv.h"
#include "common/remoting/server.h"

namespace rmq::broker {
namespace {

using namespace std::chrono_literals;
using protocol::Command;
using protocol::RequestCode;
using protocol::ResponseCode;
using testing::Fixture;
using testing::free_port;
using testing::property;

Command request(std::int32_t code) {
  Command command;
  command.code = code;
  return command;
}

Properties slave_of(const Fixture& master, Properties more = {}) {
  Properties settings{{"brokerRole", "SLAVE"},
                      {"brokerId", "1"},
                      {"haMasterAddress", "127.0.0.1:" + std::to_string(master.config->ha_listen_port)}};
  settings.merge(more);
  return settings;
}

// A name server as far as the brokers of one group see it: tells the slaves who registered as master.
class NameServer final : public remoting::Handler {
 public:
  static std::shared_ptr<NameServer> start(remoting::Server& server) {
    auto made = std::make_shared<NameServer>();
    server.route(RequestCode::kRegisterBroker, made);
    server.route(RequestCode::kUnregisterBroker, made);
    REQUIRE(server.start());
    return made;
  }
  void handle(const remoting::Request& request) override {
    auto answer = protocol::response_to(request.command, ResponseCode::kSuccess);
    std::lock_guard lock(mutex_);
    if (request.command.code == RequestCode::kRegisterBroker && request.command.ext("brokerId") == "0") {
      master_ = request.command.ext("brokerAddr");
      ha_ = request.command.ext("haServerAddr");
    } else if (!master_.empty()) {
      answer.set("masterAddr", master_).set("haServerAddr", ha_);
    }
    remoting::reply(request, std::move(answer));
  }

 private:
  std::mutex mutex_;
  std::string master_;
  std::string ha_;
};

template <class Condition>
bool await(Condition condition) {
  const auto limit = std::chrono::steady_clock::now() + 10s;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > limit) return false;
    std::this_thread::yield();
  }
  return true;
}

std::string file_of(const Fixture& broker, const std::string& name) {
  std::ifstream file(broker.config->config_path(name));
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The slave's log has everything that the master's has.
void await_same_end(Fixture& master, Fixture& slave) {
  const auto end_of = [](Fixture& broker, std::string_view field) {
    const auto body = broker.ask(request(907)).body;
    const auto at = body.find(field);
    REQUIRE(at != std::string::npos);
    return std::stoll(body.substr(at + field.size()));
  };
  const auto wanted = end_of(master, "\"masterCommitLogMaxOffset\":");
  const auto limit = std::chrono::steady_clock::now() + 10s;
  while (end_of(slave, "\"maxOffset\":") < wanted && std::chrono::steady_clock::now() < limit) {
    std::this_thread::yield();
  }
  REQUIRE(end_of(slave, "\"maxOffset\":") == wanted);
}

TEST_CASE("pair: topics, groups and messages reach the slave, which serves them when it may") {
  remoting::IoPool pool(1);
  remoting::Server names(pool, {.bind_host = "127.0.0.1"});
  const auto name_server = NameServer::start(names);
  const auto address = "127.0.0.1:" + std::to_string(names.port());
  Fixture master({{"namesrvAddr", address}, {"listenPort", free_port()}, {"haListenPort", free_port()}});
  for (int i = 0; i < 3; ++i) CHECK(master.send("T", "m" + std::to_string(i)).code == 0);
  CHECK(master.pull("T", 3).size() == 3);  // makes the group
  // The slave asks its master for topics and groups: with fixed roles there is no journal.
  Fixture slave(slave_of(master, {{"slaveReadEnable", "true"}, {"namesrvAddr", address}}));
  await_same_end(master, slave);
  CHECK(await([&] { return file_of(slave, "topics.json").find("\"T\"") != std::string::npos; }));
  CHECK(await([&] { return file_of(slave, "subscriptionGroup.json").find("\"consumers\"") != std::string::npos; }));
  const auto records = slave.pull("T", 3);
  CHECK(records[0].body == "m0");
  CHECK(records[2].body == "m2");
  // At its end it sends consumers back to the master at once, as long as it knows that there is one.
  const auto limit = std::chrono::steady_clock::now() + 10s;
  while (!slave.config->follows_master && std::chrono::steady_clock::now() < limit) std::this_thread::yield();
  const auto answer = slave.ask(Fixture::pull_request("T", 3, 6));
  CHECK(answer.code == ResponseCode::kPullRetryImmediately);
  CHECK(answer.view().ext("suggestWhichBrokerId") == "0");
}

TEST_CASE("pair: with fixed roles a change is in the file before its answer, and in no journal") {
  Fixture master;
  CHECK(master.ask(request(RequestCode::kGetAllTopicConfig)).view().ext("rmqJournal").empty());
  CHECK(master.send("T", "m").code == 0);
  const auto topics = file_of(master, "topics.json");
  CHECK(topics.find("\"T\"") != std::string::npos);
  CHECK(topics.find("rmqJournal") == std::string::npos);
  CHECK(master.pull("T", 1).size() == 1);  // makes the group
  auto commit = request(RequestCode::kUpdateConsumerOffset);
  commit.set("consumerGroup", "consumers").set("topic", "T").set("queueId", 0).set("commitOffset", std::int64_t{1});
  CHECK(master.ask(commit).code == 0);
  master.restart();  // writes the offsets; a journal would have its snapshot by now
  CHECK(file_of(master, "consumerOffset.json").find("rmqJournal") == std::string::npos);
  const auto& root = std::string(master.config->store_path_root_dir);
  CHECK(std::filesystem::exists(root + "/consumequeue/T"));
  CHECK_FALSE(std::filesystem::exists(root + "/consumequeue/" + std::string(kJournalTopic)));
}

TEST_CASE("pair: a slave takes nothing from clients") {
  Fixture master;
  Fixture slave(slave_of(master));
  const auto sent = slave.send("T", "no");
  CHECK(sent.code == ResponseCode::kSystemBusy);
  CHECK(sent.remark == kRejectedByRole);
  CHECK(slave.ask(Fixture::pull_request("T", 0)).code == ResponseCode::kSystemBusy);
  auto create = request(RequestCode::kUpdateAndCreateTopic);
  create.set("topic", "N").set("defaultTopic", "TBW102").set("readQueueNums", 1).set("writeQueueNums", 1);
  create.set("perm", 6).set("topicFilterType", "SINGLE_TAG").set("topicSysFlag", 0).set("order", false);
  CHECK(slave.ask(create).code == ResponseCode::kSystemError);
  CHECK(master.ask(create).code == 0);
}

TEST_CASE("pair: a synchronous master answers SEND_OK only with the slave's copy") {
  Fixture master(
      {{"brokerRole", "SYNC_MASTER"}, {"inSyncReplicas", "2"}, {"totalReplicas", "2"}, {"slaveTimeout", "200"}});
  auto alone = master.send("T", "alone", property("WAIT", "false"));
  const auto unsafe = master.send("T", "unsafe");
  CHECK(unsafe.code != 0);
  Fixture slave(slave_of(master));
  const auto limit = std::chrono::steady_clock::now() + 10s;
  auto safe = master.send("T", "safe");
  while (safe.code != 0 && std::chrono::steady_clock::now() < limit) safe = master.send("T", "safe");
  CHECK(safe.code == 0);
}

TEST_CASE("pair: what the original's slaves and tools ask for") {
  Fixture master;
  Fixture slave(slave_of(master));
  CHECK(master.send("T", "m").code == 0);
  await_same_end(master, slave);
  for (const auto code : {RequestCode::kGetAllTopicConfig, RequestCode::kGetAllSubscriptionGroupConfig,
                          RequestCode::kGetAllConsumerOffset, RequestCode::kGetAllDelayOffset, 60, 61, 402}) {
    CAPTURE(code);
    const auto answer = master.ask(request(code));
    CHECK(answer.code == 0);
    CHECK_FALSE(answer.body.empty());
  }
  CHECK(master.ask(request(60)).body.size() == 56);
  const auto info = master.ask(request(906));
  CHECK(info.view().ext("masterHaAddress") == "127.0.0.1:" + std::to_string(master.config->ha_listen_port));
  CHECK(slave.ask(request(906)).ext_fields.empty());
  CHECK(master.ask(request(907)).body.find("\"inSyncSlaveNums\":1") != std::string::npos);
  CHECK(slave.ask(request(907)).body.find("\"activated\":true") != std::string::npos);
  CHECK(master.ask(request(RequestCode::kGetBrokerEpochCache)).code == ResponseCode::kSystemError);
}

TEST_CASE("pair: stops in time under load, whichever goes first") {
  constexpr int kRounds = 30;
  constexpr auto kStopLimit = 5s;
  Fixture master({{"listenPort", free_port()}, {"haListenPort", free_port()}});
  Fixture slave(slave_of(master));
  const auto stop = [&](Fixture& broker) {
    const auto started = std::chrono::steady_clock::now();
    broker.stop();
    CHECK(std::chrono::steady_clock::now() - started < kStopLimit);
  };
  for (int round = 0; round < kRounds; ++round) {
    CAPTURE(round);
    for (int i = 0; i < 50; ++i) {
      // Answers that nobody waits for: they are on their way when the stop comes.
      auto sent = Fixture::send_request("T", std::string(1000, 'x'));
      master.client->call(master.address, std::move(sent), 10s, [](const Result<Command>&) {});
      slave.client->call(slave.address, Fixture::pull_request("T", 0, 6), 10s, [](const Result<Command>&) {});
    }
    stop(round % 2 == 0 ? master : slave);
    stop(round % 2 == 0 ? slave : master);
    master.start();
    slave.start();
  }
}

}  // namespace
}  // namespace rmq::broker
