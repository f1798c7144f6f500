// A broker's state without sockets: handlers are asked, answers are looked at.
#pragma once

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/client/clients.h"
#include "broker/config/live_config.h"
#include "broker/group/group_manager.h"
#include "broker/offset/consumer_offsets.h"
#include "broker/offset/delay_offsets.h"
#include "broker/store/store_test_util.h"
#include "broker/testing/fake_connection.h"
#include "broker/topic/topic_manager.h"
#include "common/protocol/codes.h"
#include "common/testing/temp_dir.h"

namespace rmq::broker::testing {

using Fields = std::vector<std::pair<std::string, std::string>>;

class FakeBroker {
 public:
  FakeBroker()
      : config(make_config(dir)),
        store(store::testing::open_store(store::testing::small_options(dir / "store"), clock)) {
    REQUIRE(topics.load());
    REQUIRE(groups.load());
    checkpointer.start();
  }
  ~FakeBroker() {
    (void)checkpointer.stop();
    (void)store->close();
  }

  // The answer of `handler`; a command without code means that there was none.
  protocol::Command ask(remoting::Handler& handler, std::int32_t code, const Fields& fields = {}, std::string body = {},
                        bool oneway = false) {
    return ask(connection, handler, code, fields, std::move(body), oneway);
  }
  protocol::Command ask(const std::shared_ptr<FakeConnection>& from, remoting::Handler& handler, std::int32_t code,
                        const Fields& fields = {}, std::string body = {}, bool oneway = false) {
    protocol::Command command;
    command.code = code;
    command.opaque = ++opaque_;
    command.language = protocol::Language::kJava;
    command.flag = oneway ? protocol::kFlagOneway : 0;
    command.body = std::move(body);
    for (const auto& [key, value] : fields) command.set(key, std::string_view(value));
    const protocol::CommandView view = command.view();
    const remoting::ConnectionPtr connection_ptr = from;
    handler.handle({view, connection_ptr});
    protocol::Command none;
    none.code = -1;
    for (auto& answer : from->take()) {
      if (answer.is_response() && answer.opaque == opaque_) return answer;
      others.push_back(std::move(answer));
    }
    return none;
  }

  // Appends messages and makes them visible.
  void put(std::string_view topic, std::int32_t queue, int count, std::string_view properties = {}) {
    for (int i = 0; i < count; ++i) {
      auto placed = store::testing::put(*store, store->queue(topic, queue), "body", properties);
      REQUIRE(placed.status == store::AppendStatus::kOk);
      last_physical = placed.physical_offset;
      clock.advance(10);
    }
    store::testing::dispatch_all(*store);
  }

  static BrokerConfig make_config(const rmq::testing::TempDir& dir) {
    BrokerConfig config;
    config.store_path_root_dir = dir.path().string();
    config.store_path_commit_log = dir / "store/commitlog";
    config.broker_name = "broker-a";
    config.broker_ip1 = "10.0.0.1";
    return config;
  }

  rmq::testing::TempDir dir;
  ManualClock clock;
  BrokerConfig config;
  std::unique_ptr<store::MessageStore> store;
  Checkpointer checkpointer;
  TopicManager topics{config, checkpointer, clock};
  GroupManager groups{config, checkpointer, clock};
  ConsumerOffsets offsets{config, checkpointer, clock};
  DelayOffsets delay_offsets{config, checkpointer, clock};
  Clients clients{config, clock};
  LiveConfig live_config{config, clock};
  std::shared_ptr<FakeConnection> connection = std::make_shared<FakeConnection>(1);
  std::vector<protocol::Command> others;  // what was sent that is no answer
  std::int64_t last_physical = -1;

 private:
  std::int32_t opaque_ = 0;
};

inline std::string_view field(const protocol::Command& command, std::string_view key) {
  return command.view().ext(key);
}

}  // namespace rmq::broker::testing
