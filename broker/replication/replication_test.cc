#include "broker/replication/replication.h"

#include <doctest/doctest.h>

#include <atomic>

#include "broker/replication/testing/nodes.h"

namespace rmq::replication {
namespace {

using store::AppendStatus;
using testing::eventually;
using testing::Node;

void synchronous(store::StoreOptions&, ReplicationOptions& options) {
  options.mode = Mode::kSync;
}

void quorum(store::StoreOptions&, ReplicationOptions& options) {
  options.mode = Mode::kQuorum;
  options.quorum_replicas = 3;
}

TEST_CASE("an empty slave catches up and follows, over many files") {
  Node master, slave;
  REQUIRE(master.lead(1, 1, {1}));
  master.send_many(200);  // three files and some
  REQUIRE(slave.follow(master, 1, 2, 1));
  REQUIRE(eventually([&] { return slave.has_all_of(master); }));
  master.send_many(100);
  REQUIRE(eventually([&] { return slave.has_all_of(master); }));
  CHECK(slave.log_bytes() == master.log_bytes());
  CHECK(slave.replication->epochs() == master.replication->epochs());
  CHECK(slave.replication->position() == Position{1, master.end()});
  // Readers of the slave have it, too.
  CHECK(eventually([&] { return store::testing::bodies(*slave.store, "T", 0).size() == 300; }));
  const auto status = slave.replication->status();
  CHECK(status.role == Role::kSlave);
  CHECK(status.connected);
  CHECK(status.lag_bytes == 0);
}

TEST_CASE("a slave stores nothing of producers") {
  Node master, slave;
  REQUIRE(master.lead(1, 1, {1}));
  REQUIRE(slave.follow(master, 1, 2, 1));
  CHECK(slave.send("x") == AppendStatus::kNotMaster);
}

TEST_CASE("synchronous: acknowledged once the whole set has it") {
  Node master(synchronous), slave(synchronous);
  REQUIRE(master.lead(1, 1, {1, 2}));
  CHECK(master.send("nobody else has it") == AppendStatus::kReplicaTimeout);
  REQUIRE(slave.follow(master, 1, 2, 1));
  REQUIRE(eventually([&] { return slave.has_all_of(master); }));
  CHECK(master.send("both have it") == AppendStatus::kOk);
  CHECK(slave.end() == master.end());
  CHECK(master.replication->status().confirmed == master.end());
  // What readers of the slave see follows without more messages.
  CHECK(eventually([&] { return slave.replication->status().confirmed == master.end(); }));
}

TEST_CASE("the set grows by a replica that caught up, and shrinks by one that went away, as the Controller grants") {
  Node master(synchronous), slave(synchronous);
  REQUIRE(master.lead(1, 1, {1}));
  CHECK(master.send("alone") == AppendStatus::kOk);
  REQUIRE(slave.follow(master, 1, 2, 1));
  auto grow = master.proposals.wait();
  REQUIRE(grow);
  CHECK(grow->set == ReplicaSet{1, 2});
  CHECK(grow->set_epoch == 1);
  master.replication->on_sync_set({1, 2}, 2);
  CHECK(master.send("both") == AppendStatus::kOk);
  CHECK(slave.end() == master.end());

  slave.replication->stop();
  CHECK(master.send("not confirmed without a grant") == AppendStatus::kReplicaTimeout);
  auto shrink = master.proposals.wait();
  REQUIRE(shrink);
  CHECK(shrink->set == ReplicaSet{1});
  master.replication->on_alter_refused(shrink->number);
  CHECK(master.send("refused: still both") == AppendStatus::kReplicaTimeout);
  REQUIRE(master.proposals.wait());  // asks again
  master.replication->on_sync_set({1}, 3);
  CHECK(master.send("alone again") == AppendStatus::kOk);
}

TEST_CASE("too few in the set: refused at once") {
  auto two = [](store::StoreOptions& store_options, ReplicationOptions& options) {
    synchronous(store_options, options);
    options.min_in_sync = 2;
  };
  Node master(two);
  REQUIRE(master.lead(1, 1, {1}));
  CHECK(master.send("x") == AppendStatus::kFewReplicas);
  master.replication->on_sync_set({1, 2}, 2);
  CHECK(master.send("x") == AppendStatus::kReplicaTimeout);
}

TEST_CASE("after a failover the old master cuts what nobody else has, and follows") {
  Node one, two;
  REQUIRE(one.lead(1, 1, {1, 2}));
  one.send_many(80);
  REQUIRE(two.follow(one, 1, 2, 1));
  REQUIRE(eventually([&] { return two.has_all_of(one); }));
  two.replication->stop();
  two.restart();
  one.send_many(90);  // lost: nobody else has them
  const auto common = two.end();

  REQUIRE(two.lead(2, 2, {2}));
  two.send_many(30, 777);
  REQUIRE(one.follow(two, 2, 1, 2));
  REQUIRE(eventually([&] { return one.has_all_of(two); }));
  CHECK(one.log_bytes() == two.log_bytes());
  const std::vector<EpochSpan> epochs{{1, 0, common}, {2, common}};
  CHECK(two.replication->epochs() == epochs);
  CHECK(one.replication->epochs() == epochs);
  CHECK(eventually([&] { return store::testing::bodies(*one.store, "T", 0).size() == 110; }));

  // And back again, over restarts.
  one.restart();
  CHECK(one.replication->epochs() == epochs);
  REQUIRE(one.lead(3, 1, {1}));
  one.send_many(5);
  REQUIRE(two.follow(one, 3, 2, 1));
  REQUIRE(eventually([&] { return two.has_all_of(one); }));
  CHECK(one.log_bytes() == two.log_bytes());
  CHECK(two.replication->epochs().size() == 3);
}

TEST_CASE("a crash amid a truncation is mended by the next handshake (apache/rocketmq 10666)") {
  std::atomic<bool> crash{true};
  std::atomic<int> cuts{0}, after{0};
  Node old([&](store::StoreOptions&, ReplicationOptions& options) {
    options.before_cut = [&](std::uint64_t) -> Status {
      ++cuts;
      return crash ? Status(fail(ErrorKind::kIo, "crash")) : Status();
    };
    options.after_cut = [&] { ++after; };
  });
  Node next;
  REQUIRE(old.lead(1, 1, {1, 2}));
  old.send_many(10);
  REQUIRE(next.follow(old, 1, 2, 1));
  REQUIRE(eventually([&] { return next.has_all_of(old); }));
  next.restart();
  REQUIRE(old.lead(2, 1, {1}));  // wrote alone, under an epoch that nobody else knows
  old.send_many(30);
  const auto tail = old.end();
  REQUIRE(next.lead(3, 2, {2}));
  next.send_many(3);
  REQUIRE(old.follow(next, 3, 1, 2));
  REQUIRE(eventually([&] { return cuts > 0; }));
  // The log was not cut, so its epochs still tell what its tail is.
  old.restart();
  CHECK(old.end() == tail);
  REQUIRE(old.replication->epochs().size() == 2);
  CHECK(old.replication->epochs().back().epoch == 2);
  CHECK(after == 0);
  crash = false;
  REQUIRE(old.follow(next, 3, 1, 2));
  REQUIRE(eventually([&] { return old.has_all_of(next); }));
  CHECK(old.log_bytes() == next.log_bytes());
  CHECK(old.replication->epochs() == next.replication->epochs());
  CHECK(after == 1);
}

TEST_CASE("a replica with an alien log is built anew") {
  Node master, stranger;
  REQUIRE(stranger.lead(1, 2, {2}));
  stranger.send_many(20);
  REQUIRE(master.lead(3, 1, {1}));
  master.send_many(10);
  REQUIRE(stranger.follow(master, 3, 2, 1));
  REQUIRE(eventually([&] { return stranger.has_all_of(master); }));
  CHECK(stranger.log_bytes() == master.log_bytes());
  CHECK(stranger.replication->epochs() == master.replication->epochs());
}

TEST_CASE("a replica so far behind that the master has deleted what comes next is built anew") {
  Node master, slave;
  REQUIRE(master.lead(1, 1, {1}));
  master.send_many(10);
  REQUIRE(slave.follow(master, 1, 2, 1));
  REQUIRE(eventually([&] { return slave.has_all_of(master); }));
  slave.restart();
  master.send_many(300);
  while (master.store->log().segments().size() > 2) REQUIRE(*master.store->log().delete_oldest());
  REQUIRE(slave.follow(master, 1, 2, 1));
  REQUIRE(eventually([&] { return slave.has_all_of(master); }));
  CHECK(slave.log_bytes() == master.log_bytes());
  master.send_many(10);
  REQUIRE(eventually([&] { return slave.has_all_of(master); }));
}

TEST_CASE("an empty slave may begin with the last file") {
  Node master, slave([](store::StoreOptions&, ReplicationOptions& options) { options.sync_from_last_file = true; });
  REQUIRE(master.lead(1, 1, {1}));
  master.send_many(200);
  REQUIRE(slave.follow(master, 1, 2, 1));
  REQUIRE(eventually([&] { return slave.has_all_of(master); }));
  CHECK(slave.store->log().segments().size() == 1);
}

TEST_CASE("quorum: two of three are enough") {
  Node one(quorum), two(quorum), three(quorum);
  REQUIRE(one.lead(1, 1, {1, 2, 3}));
  CHECK(one.send("one of three") == AppendStatus::kReplicaTimeout);
  REQUIRE(two.follow(one, 1, 2, 1));
  REQUIRE(eventually([&] { return two.has_all_of(one); }));
  CHECK(one.send("two of three") == AppendStatus::kOk);
  REQUIRE(three.follow(one, 1, 3, 1));
  REQUIRE(eventually([&] { return three.has_all_of(one); }));
  two.replication->stop();
  CHECK(one.send("two others of three") == AppendStatus::kOk);
  CHECK(three.end() == one.end());
  CHECK_FALSE(one.proposals.take());  // a slow or absent voter stays one
}

TEST_CASE("the lease lasts as long as the whole set echoes pings, and no longer") {
  Node master(synchronous), slave(synchronous);
  REQUIRE(master.lead(1, 1, {1, 2}, 1, 400));
  REQUIRE(slave.follow(master, 1, 2, 1));
  REQUIRE(eventually([&] { return master.send("x") == AppendStatus::kOk; }));
  const auto began = master.clock.monotonic_ms();
  while (master.clock.monotonic_ms() < began + 1'000) CHECK(master.send("no Controller") == AppendStatus::kOk);
  slave.replication->stop();
  REQUIRE(eventually([&] { return master.replication->status().lease_left_ms == 0; }, 1'000));
  CHECK(master.send("no lease") == AppendStatus::kReplicaTimeout);
}

TEST_CASE("a fenced slave acknowledges the older master nothing any more, across restarts") {
  Node master(synchronous), slave(synchronous);
  REQUIRE(master.lead(1, 1, {1, 2}, 1, 5'000));
  REQUIRE(slave.follow(master, 1, 2, 1));
  REQUIRE(eventually([&] { return master.send("x") == AppendStatus::kOk; }));
  auto position = slave.replication->promise(2);
  REQUIRE(position);
  CHECK(*position == Position{1, master.end()});
  CHECK(master.send("fenced") == AppendStatus::kReplicaTimeout);
  CHECK(slave.follow(master, 1, 2, 1).error().kind == ErrorKind::kConflict);
  slave.restart();
  CHECK(slave.follow(master, 1, 2, 1).error().kind == ErrorKind::kConflict);
  CHECK(slave.replication->promise(1).error().kind == ErrorKind::kConflict);
  CHECK(slave.replication->accepted_epoch() == 2);
  REQUIRE(slave.replication->promise(2));  // asked twice
  REQUIRE(slave.lead(2, 2, {2}));
  CHECK(slave.replication->promise(2).error().kind == ErrorKind::kConflict);  // decided
  // The old master, asked, steps down.
  REQUIRE(master.replication->promise(3));
  CHECK(master.send("fenced") == AppendStatus::kNotMaster);
}

TEST_CASE("a mastership is not taken up again") {
  Node master, slave;
  REQUIRE(master.lead(3, 1, {1}));
  REQUIRE(master.lead(3, 1, {1}));  // told twice
  CHECK(master.lead(2, 1, {1}).error().kind == ErrorKind::kConflict);
  CHECK(master.follow(slave, 3, 1, 2).error().kind == ErrorKind::kConflict);
  REQUIRE(slave.follow(master, 3, 2, 1));
  CHECK(slave.lead(3, 2, {2}).error().kind == ErrorKind::kConflict);
  master.send_many(1);
  master.restart();
  CHECK(master.lead(3, 1, {1}).error().kind == ErrorKind::kConflict);
  CHECK(master.send("x") == AppendStatus::kNotMaster);
}

TEST_CASE("a slave does not follow an old master that does not know of the new epoch") {
  Node old(synchronous), slave(synchronous);
  REQUIRE(old.lead(1, 1, {1, 2}));
  // The Controller says that this broker is master of epoch 2; it has not heard yet.
  REQUIRE(slave.follow(old, 2, 2, 1));
  CHECK(old.send("x") == AppendStatus::kReplicaTimeout);
  CHECK_FALSE(slave.replication->status().connected);
  REQUIRE(old.lead(2, 1, {1, 2}));
  CHECK(eventually([&] { return old.send("x") == AppendStatus::kOk; }));
}

TEST_CASE("connections that come and go lose and double nothing") {
  Node master, slave;
  REQUIRE(master.lead(1, 1, {1}));
  for (int round = 0; round < 30; ++round) {
    master.send_many(20, 300 + static_cast<std::size_t>(round) * 17);
    REQUIRE(slave.replication->become_slave({.epoch = 1, .own_id = 2, .master_id = 1}));
    REQUIRE(slave.follow(master, 1, 2, 1));
    if (round % 3 == 0) REQUIRE(eventually([&] { return slave.end() > 0; }));
  }
  REQUIRE(eventually([&] { return slave.has_all_of(master); }));
  CHECK(slave.log_bytes() == master.log_bytes());
}

TEST_CASE("hand-over: refused from now on, and everybody has all") {
  Node master(synchronous), slave(synchronous);
  REQUIRE(master.lead(1, 1, {1, 2}));
  CHECK(master.replication->drain_for_handover(std::chrono::milliseconds(50)).error().kind == ErrorKind::kTimeout);
  CHECK(master.send("x") == AppendStatus::kReplicaTimeout);  // taken again
  REQUIRE(slave.follow(master, 1, 2, 1));
  CHECK(master.replication->drain_for_handover(std::chrono::seconds(5)));
  CHECK(slave.end() == master.end());
  CHECK(master.send("x") == AppendStatus::kNotMaster);
  master.replication->cancel_handover();
  CHECK(master.send("x") == AppendStatus::kOk);
}

TEST_CASE("fixed roles: synchronous is one slave") {
  auto classic = [](store::StoreOptions&, ReplicationOptions& options) {
    options.protocol = HaProtocol::kClassic;
    options.mode = Mode::kSync;
    options.epoch_file.clear();
    options.promise_file.clear();
  };
  Node master(classic), slave(classic);
  REQUIRE(master.replication->become_classic_master());
  CHECK(master.send("no slave") == AppendStatus::kReplicaTimeout);
  REQUIRE(slave.replication->become_classic_slave(master.address()));
  REQUIRE(eventually([&] { return slave.has_all_of(master); }));
  CHECK(eventually([&] { return master.send("x") == AppendStatus::kOk; }));
  master.send_many(200);
  REQUIRE(eventually([&] { return slave.has_all_of(master); }));
  CHECK(slave.log_bytes() == master.log_bytes());
  slave.restart();
  master.send_many(20);
  REQUIRE(slave.replication->become_classic_slave(master.address()));
  REQUIRE(eventually([&] { return slave.has_all_of(master); }));
  CHECK(slave.log_bytes() == master.log_bytes());
  CHECK(master.replication->status().slaves.size() == 1);
}

}  // namespace
}  // namespace rmq::replication
