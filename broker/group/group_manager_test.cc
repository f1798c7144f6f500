#include "broker/group/group_manager.h"

#include <doctest/doctest.h>

#include "common/base/file.h"
#include "common/testing/temp_dir.h"

namespace rmq::broker {
namespace {

using protocol::Attributes;
using protocol::SubscriptionGroupConfig;

struct Broker {
  BrokerConfig config;
  ManualClock clock;
  std::unique_ptr<Checkpointer> checkpointer;
  std::unique_ptr<GroupManager> groups;

  explicit Broker(const rmq::testing::TempDir& dir) { config.store_path_root_dir = dir.path().string(); }
  void start() {
    auto next_checkpointer = std::make_unique<Checkpointer>();
    auto next = std::make_unique<GroupManager>(config, *next_checkpointer, clock);
    REQUIRE(next->load());  // before the old one stops: as after a crash
    if (checkpointer) (void)checkpointer->stop();
    groups = std::move(next);
    checkpointer = std::move(next_checkpointer);
    checkpointer->start();
  }
};

SubscriptionGroupConfig group(std::string name) {
  SubscriptionGroupConfig config;
  config.group_name = std::move(name);
  return config;
}

TEST_CASE("groups that are there from the start, and creation at first use") {
  rmq::testing::TempDir dir;
  Broker broker(dir);
  broker.start();
  CHECK(broker.groups->contains("TOOLS_CONSUMER"));
  CHECK(broker.groups->contains("CID_RMQ_SYS_TRANS"));
  CHECK(broker.groups->size() == 8);
  CHECK_FALSE(broker.groups->contains("g"));
  auto made = broker.groups->find_or_create_and_wait("g");
  REQUIRE(made);
  CHECK((*made)->retry_max_times == 16);
  CHECK(broker.groups->data_version().counter == 1);
  CHECK(broker.groups->find_or_create_and_wait("g"));
  CHECK(broker.groups->data_version().counter == 1);
  CHECK(broker.groups->find_or_create_and_wait("a b").error().kind == ErrorKind::kInvalid);

  broker.config.auto_create_subscription_group = false;
  CHECK(broker.groups->find_or_create_and_wait("h").error().kind == ErrorKind::kNotFound);
  CHECK(broker.groups->find_or_create_and_wait("CID_RMQ_SYS_x"));
  broker.config.enable_create_sys_group = false;
  CHECK_FALSE(broker.groups->find_or_create_and_wait("CID_RMQ_SYS_y"));

  broker.start();
  CHECK(broker.groups->contains("g"));
  CHECK_FALSE(broker.groups->contains("h"));
}

TEST_CASE("administration") {
  rmq::testing::TempDir dir;
  Broker broker(dir);
  broker.start();
  auto g = group("g");
  g.retry_max_times = 3;
  g.attributes = {{"+priority.factor", "50"}};
  CHECK(broker.groups->update({g, group("h")}));
  CHECK(broker.groups->find("g")->attributes == Attributes{{"priority.factor", "50"}});
  g.attributes = {{"+priority.factor", "101"}};
  CHECK_FALSE(broker.groups->update({group("i"), g}));
  CHECK_FALSE(broker.groups->contains("i"));
  broker.start();
  CHECK(broker.groups->find("g")->retry_max_times == 3);
  CHECK(broker.groups->remove("h"));
  CHECK(broker.groups->remove("h").error().kind == ErrorKind::kNotFound);
  broker.start();
  CHECK_FALSE(broker.groups->contains("h"));
  broker.groups->disable_consumption("g");
  CHECK(broker.checkpointer->stop());
  CHECK_FALSE(broker.groups->find("g")->consume_enable);
}

TEST_CASE("forbidden topics") {
  rmq::testing::TempDir dir;
  Broker broker(dir);
  broker.start();
  CHECK(broker.groups->forbidden("g", "t") == 0);
  CHECK(broker.groups->set_forbidden("g", "t", 1, true));
  CHECK(broker.groups->set_forbidden("g", "u", 0, true));
  broker.start();
  CHECK(broker.groups->forbidden("g", "t") == 2);
  CHECK(broker.groups->set_forbidden("g", "t", 1, false));
  CHECK(broker.groups->forbidden("g", "t") == 0);
  CHECK(broker.groups->forbidden("g", "u") == 1);  // the original forgets the whole group here
  CHECK_FALSE(broker.groups->set_forbidden("g", "t", 31, true));
}

TEST_CASE("pages, and the file's look") {
  rmq::testing::TempDir dir;
  Broker broker(dir);
  broker.start();
  CHECK(broker.groups->update({group("g")}));
  auto first = broker.groups->page(0, 4, std::nullopt);
  CHECK(first.groups.size() == 4);
  CHECK(broker.groups->page(4, 100, first.data_version).groups.size() == 5);
  std::string text = *read_file(broker.config.config_path("subscriptionGroup.json"));
  CHECK(text.starts_with("{\n\t\"dataVersion\":{\n\t\t\"counter\":1,"));
  CHECK(text.find("\"forbiddenTable\":{},\n\t\"subscriptionGroupTable\":{\n\t\t\"CID_ONS-HTTP-PROXY\":{"
                  "\n\t\t\t\"attributes\":{},") != std::string::npos);
}

}  // namespace
}  // namespace rmq::broker
