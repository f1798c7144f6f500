#include <doctest/doctest.h>

#include "broker/client/clients.h"
#include "broker/testing/fake_connection.h"
#include "common/protocol/codes.h"

namespace rmq::broker {
namespace {

using protocol::ConsumerData;
using protocol::MessageQueue;
using protocol::SubscriptionData;
using testing::FakeConnection;

SubscriptionData subscription(std::string topic, std::int64_t version = 1, std::string expression = "*") {
  SubscriptionData data;
  data.topic = std::move(topic);
  data.sub_version = version;
  data.sub_string = std::move(expression);
  return data;
}

ConsumerData consumer(std::string group, std::vector<SubscriptionData> subscriptions) {
  ConsumerData data;
  data.group_name = std::move(group);
  data.subscriptions = std::move(subscriptions);
  return data;
}

struct Client {
  std::shared_ptr<FakeConnection> connection;
  std::string id;
  explicit Client(std::uint64_t number)
      : connection(std::make_shared<FakeConnection>(number)), id("client-" + std::to_string(number)) {}
  ClientIdentity identity() const { return {connection, id, protocol::Language::kJava, 513}; }
  // Groups that this client was told about.
  std::vector<std::string> told() const {
    std::vector<std::string> groups;
    for (const auto& command : connection->take()) {
      CHECK(command.code == protocol::RequestCode::kNotifyConsumerIdsChanged);
      CHECK(command.is_oneway());
      groups.emplace_back(command.view().ext("consumerGroup"));
    }
    return groups;
  }
};

using Told = std::vector<std::string>;

struct Fixture {
  BrokerConfig config;
  ManualClock clock;
  Clients clients{config, clock};

  bool beat(const Client& client, const ConsumerData& data, bool with_subscriptions = true) {
    return clients.register_consumer(data, client.identity(), true, with_subscriptions);
  }
};

TEST_CASE("members are told when others come and go, not at the usual heartbeat") {
  Fixture f;
  Client a(1), b(2);
  CHECK(f.beat(a, consumer("g", {subscription("t")})));
  CHECK(a.told() == Told{"g"});
  CHECK_FALSE(f.beat(a, consumer("g", {subscription("t")})));
  CHECK(a.told().empty());

  CHECK(f.beat(b, consumer("g", {subscription("t")})));
  CHECK(a.told() == Told{"g"});
  CHECK(b.told() == Told{"g"});
  CHECK(f.clients.consumers().find("g")->clients.size() == 2);

  b.connection->close();
  CHECK(a.told() == Told{"g"});
  CHECK(f.clients.consumers().find("g")->clients.size() == 1);

  f.clients.unregister_consumer("g", a.connection, true);
  CHECK(f.clients.consumers().find("g") == nullptr);
  CHECK(f.clients.consumers().groups_of("t").empty());
}

TEST_CASE("subscriptions: new topics, newer versions, topics that are gone") {
  Fixture f;
  Client a(1);
  auto& consumers = f.clients.consumers();
  f.beat(a, consumer("g", {subscription("t1", 5, "x"), subscription("t2", 5)}));
  CHECK(consumers.find_subscription("g", "t1")->sub_string == "x");
  CHECK_FALSE(f.beat(a, consumer("g", {subscription("t1", 6, "y"), subscription("t2", 5)})));
  CHECK(consumers.find_subscription("g", "t1")->sub_string == "y");
  CHECK_FALSE(f.beat(a, consumer("g", {subscription("t1", 4, "old"), subscription("t2", 5)})));
  CHECK(consumers.find_subscription("g", "t1")->sub_string == "y");
  CHECK(f.beat(a, consumer("g", {subscription("t1", 6, "y")})));
  CHECK(consumers.find_subscription("g", "t2") == nullptr);
  CHECK(consumers.groups_of("t1") == std::set<std::string>{"g"});
  CHECK(consumers.groups_of("t2").empty());
  CHECK(consumers.find_subscription("nobody", "t1") == nullptr);
}

TEST_CASE("broadcasting members and groups that want no notice are not told") {
  Fixture f;
  Client a(1);
  auto data = consumer("g", {subscription("t")});
  data.message_model = protocol::MessageModel::kBroadcasting;
  CHECK(f.beat(a, data));
  CHECK(a.told().empty());
  CHECK(f.clients.register_consumer(consumer("quiet", {}), a.identity(), false));
  CHECK(a.told().empty());
  f.config.notify_consumer_ids_changed_enable = false;
  CHECK(f.beat(a, consumer("g2", {})));
  CHECK(a.told().empty());
}

TEST_CASE("held-back notices leave with the housekeeping, once a group") {
  Fixture f;
  f.config.real_time_notify_consumer_change = false;
  Client a(1), b(2);
  f.beat(a, consumer("g", {}));
  f.beat(b, consumer("g", {}));
  CHECK(a.told().empty());
  f.clients.housekeeping();
  CHECK(a.told() == Told{"g"});
  CHECK(b.told() == Told{"g"});
  f.clients.housekeeping();
  CHECK(a.told().empty());
}

TEST_CASE("silence for two minutes") {
  Fixture f;
  Client a(1), b(2);
  f.beat(a, consumer("g", {subscription("t")}));
  f.beat(b, consumer("g", {subscription("t")}));
  f.clients.register_producer("p", b.identity());
  f.clock.advance(100'000);
  f.beat(a, consumer("g", {subscription("t")}));
  (void)a.told();
  f.clock.advance(20'001);
  f.clients.housekeeping();
  CHECK_FALSE(b.connection->is_open());
  CHECK(a.connection->is_open());
  CHECK(f.clients.consumers().find("g")->clients.size() == 1);
  CHECK(a.told() == Told{"g"});
  CHECK(f.clients.producers().pick("p") == nullptr);
}

TEST_CASE("a connection that closed before it was registered leaves nothing behind") {
  Fixture f;
  Client a(1);
  a.connection->close();
  f.beat(a, consumer("g", {subscription("t")}));
  f.clients.register_producer("p", a.identity());
  CHECK(f.clients.consumers().find("g") == nullptr);
  CHECK(f.clients.producers().group_count() == 0);
}

TEST_CASE("the short heartbeat keeps subscriptions; its fingerprint tells when the long one is needed") {
  Fixture f;
  Client a(1);
  auto& consumers = f.clients.consumers();
  CHECK_FALSE(consumers.exchange_fingerprint("g", 77, false));
  f.beat(a, consumer("g", {subscription("t")}));
  CHECK_FALSE(consumers.exchange_fingerprint("g", 77, true));
  CHECK_FALSE(f.beat(a, consumer("g", {}), false));
  CHECK(consumers.find_subscription("g", "t") != nullptr);
  CHECK(consumers.exchange_fingerprint("g", 78, true));
  CHECK_FALSE(consumers.exchange_fingerprint("g", 78, true));
  // After a restart of the broker: the short form alone must not leave the group without subscriptions.
  CHECK(consumers.exchange_fingerprint("unknown", 5, true));
  CHECK(consumers.exchange_fingerprint("unknown", 5, true));
}

TEST_CASE("subscriptions that came with pulls are remembered for a while") {
  Fixture f;
  auto& consumers = f.clients.consumers();
  consumers.remember_subscription("g", subscription("t"));
  CHECK(consumers.find_subscription("g", "t") != nullptr);
  f.clock.advance(600'001);
  f.clients.housekeeping();
  CHECK(consumers.find_subscription("g", "t") == nullptr);
}

TEST_CASE("a snapshot outlives the group") {
  Fixture f;
  Client a(1);
  f.beat(a, consumer("g", {subscription("t", 1, "x")}));
  auto subscription_held = f.clients.consumers().find_subscription("g", "t");
  a.connection->close();
  CHECK(f.clients.consumers().find_subscription("g", "t") == nullptr);
  CHECK(subscription_held->sub_string == "x");
}

TEST_CASE("producers") {
  Fixture f;
  auto& producers = f.clients.producers();
  Client a(1), b(2);
  f.clients.register_producer("p", a.identity());
  f.clients.register_producer("p", a.identity());
  f.clients.register_producer("p", b.identity());
  f.clients.register_producer("q", b.identity());
  CHECK(producers.clients("p").size() == 2);
  CHECK(producers.all().size() == 2);
  CHECK(producers.pick("p") != producers.pick("p"));  // in turns
  CHECK(producers.find("client-2") == b.connection);

  f.clients.unregister_producer("p", b.connection);
  CHECK(producers.find("client-2") == b.connection);  // still in q
  f.clients.unregister_producer("q", b.connection);
  CHECK(producers.find("client-2") == nullptr);

  // The client's new connection comes before its old one is gone.
  Client again(3);
  again.id = a.id;
  f.clients.register_producer("p", again.identity());
  a.connection->close();
  CHECK(producers.find(a.id) == again.connection);
  CHECK(producers.pick("p") == again.connection);
}

TEST_CASE("queue locks: one client at a time, for a minute") {
  ManualClock clock;
  QueueLocks locks(clock);
  MessageQueue q0{"t", "b", 0}, q1{"t", "b", 1};
  using Queues = std::set<MessageQueue>;
  CHECK(locks.all_expired("g"));
  CHECK(locks.lock("g", {q0, q1}, "a") == Queues{q0, q1});
  CHECK(locks.lock("g", {q0, q1}, "b").empty());
  CHECK(locks.lock("other", {q0}, "b") == Queues{q0});
  CHECK_FALSE(locks.all_expired("g"));
  locks.unlock("g", {q0, q1}, "b");  // not its own
  locks.unlock("g", {q1}, "a");
  CHECK(locks.lock("g", {q0, q1}, "b") == Queues{q1});

  clock.advance(40'000);
  CHECK(locks.lock("g", {q0}, "a") == Queues{q0});  // renewed
  clock.advance(30'000);
  CHECK(locks.lock("g", {q0}, "b").empty());
  clock.advance(30'001);
  CHECK(locks.all_expired("g"));
  CHECK(locks.lock("g", {q0}, "b") == Queues{q0});
  clock.advance(60'001);
  locks.forget_expired();
  CHECK(locks.all_expired("g"));
}

}  // namespace
}  // namespace rmq::broker
