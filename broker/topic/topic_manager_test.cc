#include "broker/topic/topic_manager.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <future>

#include "common/base/file.h"
#include "common/testing/temp_dir.h"

namespace rmq::broker {
namespace {

using protocol::Attributes;
using protocol::TopicConfig;

struct Broker {
  BrokerConfig config;
  ManualClock clock;
  std::unique_ptr<Checkpointer> checkpointer;
  std::unique_ptr<TopicManager> topics;

  explicit Broker(const rmq::testing::TempDir& dir) {
    config.store_path_root_dir = dir.path().string();
    config.broker_name = "broker-a";
  }
  void start() {
    checkpointer = std::make_unique<Checkpointer>();
    topics = std::make_unique<TopicManager>(config, *checkpointer, clock);
    REQUIRE(topics->load());
    checkpointer->start();
  }
  // As after kill -9: nothing gets a chance to be written.
  void crash_and_start() {
    auto lost = std::make_unique<Checkpointer>();
    auto next = std::make_unique<TopicManager>(config, *lost, clock);
    REQUIRE(next->load());
    (void)checkpointer->stop();
    topics = std::move(next);
    checkpointer = std::move(lost);
    checkpointer->start();
  }
  Result<TopicPtr> send(const std::string& topic, std::string_view model = kAutoCreateTopic, std::int32_t queues = 4) {
    std::promise<Result<TopicPtr>> promise;
    topics->create_for_send(topic, model, queues, 0,
                            [&](Result<TopicPtr> result) { promise.set_value(std::move(result)); });
    return promise.get_future().get();
  }
  std::string file() { return *read_file(config.config_path("topics.json")); }
};

TopicConfig topic(std::string name, std::int32_t queues = 4) {
  TopicConfig config;
  config.topic_name = std::move(name);
  config.read_queue_nums = queues;
  config.write_queue_nums = queues;
  return config;
}

TEST_CASE("topics that are there from the start") {
  rmq::testing::TempDir dir;
  Broker broker(dir);
  broker.start();
  auto& topics = *broker.topics;
  CHECK(topics.find("TBW102")->perm == 7);
  CHECK(topics.find("TBW102")->write_queue_nums == 8);
  CHECK(topics.find("BenchmarkTest")->write_queue_nums == 1024);
  CHECK(topics.find("SCHEDULE_TOPIC_XXXX")->write_queue_nums == 18);
  CHECK(topics.find("DefaultCluster")->perm == 7);
  CHECK(topics.find("broker-a")->write_queue_nums == 1);
  CHECK(topics.find("DefaultCluster_REPLY_TOPIC") != nullptr);
  CHECK(topics.find("rmq_sys_REVIVE_LOG_DefaultCluster")->write_queue_nums == 8);
  CHECK(topics.find("rmq_sys_SYNC_BROKER_MEMBER_broker-a")->perm == 1);
  CHECK(topics.find("RMQ_SYS_TRACE_TOPIC") == nullptr);
  CHECK(topics.is_system("broker-a"));
  CHECK(topics.is_system("DefaultCluster_REPLY_TOPIC"));
  CHECK_FALSE(topics.is_system("DefaultCluster_X"));
  CHECK_FALSE(topics.is_system("TopicTest"));
}

TEST_CASE("a send creates a topic after its model, and it survives a crash from the moment it is answered") {
  rmq::testing::TempDir dir;
  Broker broker(dir);
  broker.start();
  std::vector<TopicManager::Change> changes;
  broker.topics->on_change([&](const TopicManager::Change& change) { changes.push_back(change); });
  auto created = broker.send("T1");
  REQUIRE(created);
  CHECK((*created)->write_queue_nums == 4);
  CHECK((*created)->perm == 6);
  CHECK((*broker.send("T2", kAutoCreateTopic, 100))->write_queue_nums == 8);
  CHECK((*broker.send("T3", kAutoCreateTopic, -5))->write_queue_nums == 1);
  CHECK(changes.size() == 3);
  CHECK(changes[0].changed.at(0)->topic_name == "T1");
  CHECK(changes[0].version.counter == 1);
  CHECK(broker.send("T1"));  // there already
  CHECK(changes.size() == 3);

  CHECK(broker.send("T4", "T1").error().kind == ErrorKind::kNotFound);  // not inheritable
  CHECK(broker.send("T4", "nothing").error().kind == ErrorKind::kNotFound);
  CHECK(broker.send("a b").error().kind == ErrorKind::kInvalid);
  broker.config.auto_create_topic_enable = false;
  CHECK(broker.send("T4").error().kind == ErrorKind::kNotFound);
  CHECK_FALSE(broker.topics->contains("T4"));

  broker.crash_and_start();
  CHECK(broker.topics->find("T1")->write_queue_nums == 4);
  CHECK(broker.topics->data_version().counter == 3);
}

TEST_CASE("a topic is not found before it is on the disk") {
  rmq::testing::TempDir dir;
  Broker broker(dir);
  broker.checkpointer = std::make_unique<Checkpointer>();
  broker.topics = std::make_unique<TopicManager>(broker.config, *broker.checkpointer, broker.clock);
  REQUIRE(broker.topics->load());
  std::vector<std::promise<Result<TopicPtr>>> promises(50);
  for (auto& promise : promises) {
    broker.topics->create_for_send("T", kAutoCreateTopic, 4, 0,
                                   [&](Result<TopicPtr> result) { promise.set_value(std::move(result)); });
  }
  CHECK_FALSE(broker.topics->contains("T"));
  broker.checkpointer->start();  // now it can be written
  for (auto& promise : promises) CHECK(promise.get_future().get());
  CHECK(broker.topics->contains("T"));
}

TEST_CASE("a topic that could not be written is not there") {
  rmq::testing::TempDir dir;
  REQUIRE(replace_file(dir / "config", "a file where the folder should be"));
  Broker broker(dir);
  broker.checkpointer = std::make_unique<Checkpointer>();
  broker.topics = std::make_unique<TopicManager>(broker.config, *broker.checkpointer, broker.clock);
  (void)broker.topics->load();
  broker.checkpointer->start();
  CHECK_FALSE(broker.send("T"));
  CHECK_FALSE(broker.topics->contains("T"));
  CHECK_FALSE(broker.topics->update({topic("U")}));
  CHECK_FALSE(broker.topics->contains("U"));
  std::filesystem::remove(dir / "config");
  CHECK(broker.topics->update({topic("U")}));
  CHECK(broker.file().find("\"T\"") == std::string::npos);
}

TEST_CASE("administration: create, change, delete") {
  rmq::testing::TempDir dir;
  Broker broker(dir);
  broker.start();
  auto& topics = *broker.topics;
  auto fifo = topic("T", 2);
  fifo.attributes = {{"+message.type", "FIFO"}};
  CHECK(topics.update({fifo, topic("U")}));
  CHECK(topics.find("T")->attributes == Attributes{{"message.type", "FIFO"}});
  CHECK(topics.data_version().counter == 1);
  CHECK(topics.update({topic("U")}));  // nothing changes
  CHECK(topics.data_version().counter == 1);
  auto wider = topic("T", 9);
  CHECK(topics.update({wider}));  // attributes stay
  CHECK(topics.find("T")->read_queue_nums == 9);
  CHECK(topics.find("T")->attributes == Attributes{{"message.type", "FIFO"}});

  auto bad = topic("V");
  bad.attributes = {{"+queue.type", "x"}};
  CHECK_FALSE(topics.update({topic("W"), bad}));  // all or none
  CHECK_FALSE(topics.contains("W"));

  CHECK(topics.remove("U"));
  CHECK_FALSE(topics.contains("U"));
  CHECK(topics.remove("U").error().kind == ErrorKind::kNotFound);
  broker.crash_and_start();
  CHECK_FALSE(broker.topics->contains("U"));
  CHECK(broker.topics->find("T")->read_queue_nums == 9);
}

TEST_CASE("retry topics, and their order flag") {
  rmq::testing::TempDir dir;
  Broker broker(dir);
  broker.start();
  auto made = broker.topics->create_for_retry_and_wait("%RETRY%g", 1, 6, false, 0);
  REQUIRE(made);
  CHECK((*made)->write_queue_nums == 1);
  auto version = broker.topics->data_version();
  CHECK(broker.topics->create_for_retry_and_wait("%RETRY%g", 5, 6, false, 0));
  CHECK(broker.topics->data_version() == version);
  CHECK((*broker.topics->create_for_retry_and_wait("%RETRY%g", 5, 6, true, 0))->order);
  CHECK(broker.topics->is_order("%RETRY%g"));
  CHECK(broker.topics->find("%RETRY%g")->write_queue_nums == 1);
}

TEST_CASE("pages") {
  rmq::testing::TempDir dir;
  Broker broker(dir);
  broker.start();
  auto& topics = *broker.topics;
  auto first = topics.page(0, 3, std::nullopt);
  CHECK(first.topics.size() == 3);
  auto next = topics.page(3, 1000, first.data_version);
  CHECK(first.topics.size() + next.topics.size() == topics.size());
  CHECK(next.topics.begin()->first > first.topics.rbegin()->first);
  protocol::DataVersion old{.counter = 99, .state_version = 0, .timestamp = 0};
  CHECK(topics.page(3, 1000, old).topics.size() == topics.size());
  CHECK(topics.page(1000, 10, first.data_version).topics.empty());
}

TEST_CASE("the file of the original is taken over, and looks the same afterwards") {
  rmq::testing::TempDir dir;
  Broker broker(dir);
  // As fastjson 1.2.83 (releases before 5.4) and fastjson2 write it.
  REQUIRE(replace_file(
      broker.config.config_path("topics.json"),
      "{\n\t\"dataVersion\":{\n\t\t\"counter\":7,\n\t\t\"stateVersion\":0,\n\t\t\"timestamp\":1600000000000\n\t},\n"
      "\t\"topicConfigTable\":{\n\t\t\"T\":{\n\t\t\t\"attributes\":{},\n\t\t\t\"order\":true,\n\t\t\t\"perm\":6,\n"
      "\t\t\t\"readQueueNums\":3,\n\t\t\t\"topicFilterType\":\"SINGLE_TAG\",\n\t\t\t\"topicName\":\"T\",\n"
      "\t\t\t\"topicSysFlag\":0,\n\t\t\t\"writeQueueNums\":5\n\t\t},\n\t\t\"TBW102\":{\"perm\":7,\"writeQueueNums\":2}"
      "\n\t}\n}"));
  broker.start();
  CHECK(broker.topics->find("T")->read_queue_nums == 3);
  CHECK(broker.topics->is_order("T"));
  CHECK(broker.topics->find("TBW102")->write_queue_nums == 2);  // the file comes before what is built in
  CHECK((*broker.send("N"))->write_queue_nums == 2);
  std::string text = broker.file();
  CHECK(text.starts_with("{\n\t\"dataVersion\":{\n\t\t\"counter\":8,\n\t\t\"stateVersion\":0,\n"));
  CHECK(text.find("\t\t\"T\":{\n\t\t\t\"attributes\":{},\n\t\t\t\"order\":true,\n\t\t\t\"perm\":6,"
                  "\n\t\t\t\"readQueueNums\":3,\n") != std::string::npos);
}

TEST_CASE("issue 7534: 60,000 topics at once") {
  rmq::testing::TempDir dir;
  Broker broker(dir);
  broker.start();
  std::vector<TopicConfig> many;
  for (int i = 0; i < 60'000; ++i) many.push_back(topic("topic-" + std::to_string(i)));
  CHECK(broker.topics->update(std::move(many)));
  broker.crash_and_start();
  CHECK(broker.topics->contains("topic-59999"));
  CHECK(broker.topics->data_version().counter == 1);
}

}  // namespace
}  // namespace rmq::broker
