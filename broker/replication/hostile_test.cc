// What peers must not be able to do.
#include <doctest/doctest.h>

#include <thread>

#include "broker/replication/testing/nodes.h"
#include "broker/replication/testing/raw_peer.h"
#include "broker/replication/wire/autoswitch.h"
#include "broker/replication/wire/classic.h"

namespace rmq::replication {
namespace {

using namespace std::string_view_literals;
using store::AppendStatus;
using testing::eventually;
using testing::Node;
using testing::RawListener;
using testing::RawPeer;

void two_members(store::StoreOptions&, ReplicationOptions& options) {
  options.mode = Mode::kSync;
  options.is_registered = [](BrokerId id) { return id == 1 || id == 2; };
}

std::uint16_t port_of(const Node& node) {
  return node.replication->port();
}

// Says hello and hears the answer, which holds one epoch.
RawPeer greeted(const Node& master, BrokerId id = 2) {
  auto peer = RawPeer::connect(port_of(master));
  REQUIRE(peer.say(encode(SlaveHello{.ours = true, .broker_id = id})));
  REQUIRE(peer.hear(kMasterHelloBytes + kWireEpochBytes).size() == kMasterHelloBytes + kWireEpochBytes);
  return peer;
}

TEST_CASE("junk on the HA port counts for nothing (apache/rocketmq 3015)") {
  Node master(two_members);
  REQUIRE(master.lead(1, 1, {1, 2}));
  master.send_many(3);
  for (auto junk :
       {"GET / HTTP/1.1\r\nHost: broker\r\n\r\n"sv, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"sv,
        "\x7f\xff\xff\xff\xff\xff\xff\xff\x7f\xff\xff\xff\xff\xff\xff\xff"sv,
        "\0\0\0\2\x7f\xff\xff\xff\xff\xff\xff\xff"sv, "\0\0\0\1\0\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff"sv}) {
    auto peer = RawPeer::connect(port_of(master));
    REQUIRE(peer.say(junk));
    CHECK(peer.is_closed());
  }
  CHECK(master.send("x") == AppendStatus::kReplicaTimeout);
  CHECK(master.replication->status().confirmed < master.end());
  Node slave(two_members);
  REQUIRE(slave.follow(master, 1, 2, 1));
  CHECK(eventually([&] { return master.send("x") == AppendStatus::kOk; }));
}

TEST_CASE("acknowledgements of what was not sent close the connection and count for nothing (apache/rocketmq 3015)") {
  Node master(two_members);
  REQUIRE(master.lead(1, 1, {1, 2}));
  master.send_many(2);
  SUBCASE("beyond the log, as the first word") {
    auto peer = greeted(master);
    REQUIRE(peer.say(encode(SlaveAck{.offset = master.end() + 1})));
    CHECK(peer.is_closed());
  }
  SUBCASE("beyond the log, later") {
    auto peer = greeted(master);
    REQUIRE(peer.say(encode(SlaveAck{.offset = 0})));
    REQUIRE(peer.say(encode(SlaveAck{.offset = master.end() + 1})));
    CHECK(peer.is_closed());
  }
  SUBCASE("going back") {
    auto peer = greeted(master);
    REQUIRE(peer.say(encode(SlaveAck{.offset = master.end()})));
    REQUIRE(peer.say(encode(SlaveAck{.offset = 0})));
    CHECK(peer.is_closed());
  }
  SUBCASE("before the answer to the handshake") {
    auto peer = RawPeer::connect(port_of(master));
    const auto hello = encode(SlaveHello{.broker_id = 2});
    const auto ack = encode(SlaveAck{.offset = master.end()});
    REQUIRE(peer.say(std::string(hello.data(), hello.size()) + std::string(ack.data(), ack.size())));
    CHECK(peer.is_closed());
  }
  SUBCASE("echoes of pings that were not sent") {
    auto peer = greeted(master);
    REQUIRE(peer.say(encode(SlaveAck{.offset = 0})));
    REQUIRE(peer.say(encode(SlaveAck{.state = kStatePing, .offset = 1'000'000})));
    CHECK(peer.is_closed());
  }
  CHECK(master.send("x") == AppendStatus::kReplicaTimeout);
}

TEST_CASE("a replica that is not registered, or claims to be the master, is sent away") {
  Node master(two_members);
  REQUIRE(master.lead(1, 1, {1, 2}));
  for (BrokerId id : {7, 1}) {
    auto peer = RawPeer::connect(port_of(master));
    REQUIRE(peer.say(encode(SlaveHello{.broker_id = id})));
    CHECK(peer.is_closed());
  }
  CHECK(eventually([&] { return master.replication->status().slaves.empty(); }));
}

TEST_CASE("the same replica connected twice: the newer connection counts") {
  Node master(two_members);
  REQUIRE(master.lead(1, 1, {1, 2}));
  auto first = greeted(master);
  REQUIRE(first.say(encode(SlaveAck{.offset = 0})));
  auto second = greeted(master);
  REQUIRE(second.say(encode(SlaveAck{.offset = 0})));
  REQUIRE(first.say(encode(SlaveAck{.offset = 0})));
  CHECK(first.is_closed());
}

TEST_CASE("connections that say nothing, or too little, go; there are never too many") {
  Node master([](store::StoreOptions&, ReplicationOptions& options) {
    options.idle_ms = 300;
    options.max_slaves = 3;
  });
  REQUIRE(master.lead(1, 1, {1}));
  auto silent = RawPeer::connect(port_of(master));
  auto slow = RawPeer::connect(port_of(master));
  REQUIRE(slow.say("\0"sv));
  auto idle = greeted(master);
  auto one_too_many = RawPeer::connect(port_of(master));
  CHECK(one_too_many.is_closed());
  for (int i = 0; i < 10; ++i) {  // a byte now and then does not help
    std::this_thread::sleep_for(std::chrono::milliseconds(40));
    if (!slow.say("\0"sv)) break;
  }
  CHECK(slow.is_closed());
  CHECK(silent.is_closed());
  CHECK(idle.is_closed());
  auto again = greeted(master);
}

TEST_CASE("without a mastership nobody is listened to") {
  Node node;
  auto peer = RawPeer::connect(port_of(node));
  CHECK(peer.is_closed());
}

TEST_CASE("stopping does not wait for peers that hang") {
  Node master(two_members), slave(two_members);
  RawListener mute;
  REQUIRE(master.lead(1, 1, {1, 2}));
  for (int i = 0; i < 8; ++i) master.send_many(10, 60'000);  // far more than socket buffers take
  auto peer = greeted(master);
  REQUIRE(peer.say(encode(SlaveAck{.offset = 0})));
  REQUIRE(peer.hear(kTransferHeaderBytes).size() == kTransferHeaderBytes);
  REQUIRE(
      slave.replication->become_slave({.epoch = 1, .own_id = 2, .master_id = 1, .master_ha_address = mute.address()}));
  auto half = mute.accept();
  const auto began = std::chrono::steady_clock::now();
  master.replication->stop();
  slave.replication->stop();
  CHECK(std::chrono::steady_clock::now() - began < std::chrono::milliseconds(200));
}

TEST_CASE("a master that lies changes nothing in a slave's log") {
  Node slave;
  RawListener liar;
  REQUIRE(
      slave.replication->become_slave({.epoch = 3, .own_id = 2, .master_id = 1, .master_ha_address = liar.address()}));
  const auto hello = encode(MasterHello{.ours = true, .end = 1000, .epoch = 3, .epochs = {{3, 0}}});
  const auto header = [](TransferHeader fields) {
    fields.epoch = 3;
    const auto bytes = encode(fields);
    return std::string(bytes.data(), bytes.size());
  };
  for (const auto& lie : {
           std::string("HTTP/1.1 400 Bad Request\r\n\r\n"), encode(MasterHello{.ours = true, .end = -1, .epoch = 3}),
           encode(MasterHello{.ours = true, .end = 10, .epoch = 2, .epochs = {{2, 0}}}),  // an older mastership
           hello + header({.body_bytes = -1}), hello + header({.body_bytes = INT32_MAX}), hello + header({.state = 7}),
           hello + header({.body_bytes = 100, .offset = -5}),
           hello + header({.body_bytes = 100, .offset = 0}) + std::string(100, 'x'),  // not a record
       }) {
    auto peer = liar.accept();
    CHECK(peer.hear(kSlaveHelloBytes).size() == kSlaveHelloBytes);
    REQUIRE(peer.say(lie));
    CHECK(peer.is_closed());
    CHECK(slave.end() == 0);
  }
}

TEST_CASE("a shared secret: who knows it replicates, nobody else is heard") {
  const auto knowing = [](std::string secret) {
    return [secret](store::StoreOptions&, ReplicationOptions& options) {
      options.mode = Mode::kSync;
      options.shared_secret = secret;
    };
  };
  Node master(knowing("s3cret")), slave(knowing("s3cret")), wrong(knowing("guess")), without(knowing(""));
  REQUIRE(master.lead(1, 1, {1, 2}));
  REQUIRE(wrong.follow(master, 1, 2, 1));
  REQUIRE(without.follow(master, 1, 2, 1));
  auto stranger = RawPeer::connect(port_of(master));
  REQUIRE(stranger.say(encode(SlaveHello{.broker_id = 2})));
  CHECK(stranger.is_closed());
  auto guesser = RawPeer::connect(port_of(master));
  REQUIRE(guesser.say("RMQG" + std::string(32, 'n')));
  CHECK(guesser.hear(64).size() == 64);
  REQUIRE(guesser.say(std::string(32, 'p')));
  CHECK(guesser.is_closed());
  CHECK(master.send("x") == AppendStatus::kReplicaTimeout);
  CHECK(wrong.end() == 0);
  CHECK(without.end() == 0);
  wrong.replication->stop();
  without.replication->stop();
  REQUIRE(slave.follow(master, 1, 2, 1));
  CHECK(eventually([&] { return master.send("x") == AppendStatus::kOk; }));
  CHECK(slave.log_bytes() == master.log_bytes());
  // A master that does not know it gets nothing out of a slave.
  Node impostor(knowing(""));
  REQUIRE(impostor.lead(2, 3, {3}));
  impostor.send_many(3);
  const auto before = slave.end();
  REQUIRE(slave.follow(impostor, 2, 2, 3));
  CHECK_FALSE(eventually([&] { return slave.end() != before; }, 300));
}

TEST_CASE("fixed roles: junk on the HA port counts for nothing (apache/rocketmq 3015)") {
  Node master([](store::StoreOptions&, ReplicationOptions& options) {
    options.protocol = HaProtocol::kClassic;
    options.mode = Mode::kSync;
  });
  REQUIRE(master.replication->become_classic_master());
  master.send_many(3);
  for (auto junk : {"GET / HTTP/1.1\r\nHost: broker\r\n\r\n"sv, "\xff\xff\xff\xff\xff\xff\xff\xff"sv}) {
    auto peer = RawPeer::connect(port_of(master));
    REQUIRE(peer.say(junk));
    CHECK(peer.is_closed());
  }
  auto beyond = RawPeer::connect(port_of(master));
  REQUIRE(beyond.say(encode_classic_ack(0)));
  REQUIRE(beyond.say(encode_classic_ack(master.end() + 1)));
  CHECK(beyond.is_closed());
  // A plausible number without anything behind it, while a message waits for its copy.
  const auto before = master.end();
  auto status = AppendStatus::kOk;
  std::thread sender([&] { status = master.send("x"); });
  CHECK(eventually([&] { return master.end() > before; }));
  auto plausible = RawPeer::connect(port_of(master));
  REQUIRE(plausible.say(encode_classic_ack(master.end())));
  sender.join();
  CHECK(status == AppendStatus::kReplicaTimeout);
}

}  // namespace
}  // namespace rmq::replication
