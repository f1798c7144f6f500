// Master and replica in turns, terms, leases, and who may acknowledge.
#include <thread>

#include "broker/store/replica_test_util.h"

namespace rmq::store {
namespace {

using namespace testing;
using rmq::testing::TempDir;

std::unique_ptr<AppendBatch> one_message(MessageStore& store, Collector& collector) {
  auto batch = std::make_unique<AppendBatch>();
  batch->listener = &collector;
  batch->wait_for = kWaitFlush | kWaitReplicas;
  REQUIRE(batch->add(store.queue("T", 0), message("m")));
  return batch;
}

TEST_CASE("only a term's own replicas acknowledge, in time") {
  TempDir dir;
  ManualClock clock;
  auto store = open_store(replica_options(dir / "store"), clock);
  Collector collector;
  auto refused = one_message(*store, collector);
  CHECK(store->append(refused) == AppendStatus::kNotMaster);
  store->set_ack_lease(INT64_MAX);  // too late, or too early: no term is under way
  CHECK_FALSE(store->gate().lease_lasts(clock.monotonic_ms()));

  REQUIRE(store->become_master({.epoch = 3, .wait_for_replicas = true}));
  CHECK(store->become_master({.epoch = 4}).error().kind == ErrorKind::kConflict);
  const auto append = [&] {
    auto batch = one_message(*store, collector);
    REQUIRE(store->append(batch) == AppendStatus::kOk);
    return static_cast<std::int64_t>(store->log().max_offset());
  };
  const auto first = append();
  store->gate().advance_replicas(2, first);  // of a former mastership
  CHECK(collector.size() == 0);
  store->gate().advance_replicas(3, first - 1);
  CHECK(collector.size() == 0);
  store->gate().advance_replicas(3, first);
  CHECK(collector.take()->status == AppendStatus::kOk);
  // slaveTimeout
  append();
  clock.advance(2'999);
  CHECK(store->gate().expire(clock.monotonic_ms()) == 0);
  clock.advance(1);
  CHECK(store->gate().expire(clock.monotonic_ms()) == 1);
  CHECK(collector.take()->status == AppendStatus::kReplicaTimeout);
  // A lease that has ended when the copies are there
  store->set_ack_lease(clock.monotonic_ms() + 100);
  auto end = append();
  clock.advance(100);
  store->gate().advance_replicas(3, end);
  CHECK(collector.take()->status == AppendStatus::kReplicaTimeout);
  // ... or when nobody is waited for.
  store->set_ack_rule(false);
  append();
  CHECK(collector.take()->status == AppendStatus::kReplicaTimeout);
  store->set_ack_lease(clock.monotonic_ms() + 100);
  append();
  CHECK(collector.take()->status == AppendStatus::kOk);

  // What a former term had copied counts for nothing in the next.
  store->set_ack_rule(true);
  end = append();
  REQUIRE(store->become_replica());
  CHECK(collector.take()->status == AppendStatus::kReplicaTimeout);
  store->gate().advance_replicas(3, end + 100'000);
  REQUIRE(store->become_master({.epoch = 5, .wait_for_replicas = true}));
  CHECK(store->gate().watermark(kWaitReplicas) == -1);
  end = append();
  store->gate().advance_replicas(3, end + 100'000);
  CHECK(collector.size() == 0);
  store->gate().advance_replicas(5, end);
  CHECK(collector.take()->status == AppendStatus::kOk);

  // Too few replicas: refused, except for who doesn't care.
  store->set_enough_replicas(false);
  auto few = one_message(*store, collector);
  CHECK(store->append(few) == AppendStatus::kFewReplicas);
  few->wait_for = kWaitNothing;
  CHECK(store->append(few) == AppendStatus::kOk);
  CHECK(collector.take()->status == AppendStatus::kOk);
  CHECK(store->log().max_offset() > static_cast<std::uint64_t>(end));
}

TEST_CASE("queue offsets of a new master follow what it has, dispatched or not (7689)") {
  TempDir dir;
  ManualClock clock;
  auto master = open_store(small_options(dir / "master"), clock);
  auto replica = open_store(replica_options(dir / "replica"), clock);
  write_history(*master, "a", 0, 100);
  replica->set_confirm_offset(2'000);
  REQUIRE(feed(*master, *replica));
  dispatch_all(*replica);
  CHECK(replica->queue("T", 0).max_offset() < 10);
  REQUIRE(replica->become_master({.epoch = 2}));
  for (int q = 0; q < 3; ++q) {
    const auto next = master->queue("T", q).next_offset();
    CHECK(put(*replica, replica->queue("T", q), "new").queue_offset == next);
  }
  replica->set_confirm_offset(UINT64_MAX);
  dispatch_all(*replica);
  CHECK(bodies(*replica, "T", 1).back() == "new");
  CHECK(replica->queue("T", 1).max_offset() == master->queue("T", 1).next_offset() + 1);
  CHECK(replica->append_replica(replica->replica_end(), "x").error().kind == ErrorKind::kConflict);
  CHECK(replica->truncate_to(0).error().kind == ErrorKind::kConflict);
  CHECK(replica->reset_to(0).error().kind == ErrorKind::kConflict);
}

TEST_CASE("nothing is acknowledged or written once become_replica() has returned") {
  TempDir dir;
  SystemClock clock;
  auto options = small_options(dir / "store");
  options.start_threads = true;
  options.commit_log_file_bytes = 4 << 20;
  auto store = open_store(options, clock);
  struct Counter : AppendListener {
    std::atomic<bool> over{false};
    std::atomic<int> late{0}, acknowledged{0}, answered{0};
    void on_appended(std::unique_ptr<AppendBatch> batch) noexcept override {
      if (batch->status == AppendStatus::kOk) (over ? late : acknowledged)++;
      ++answered;
    }
  } counter;
  std::atomic<bool> stop{false};
  std::atomic<int> accepted{0};
  std::vector<std::thread> producers;
  for (int t = 0; t < 3; ++t) {
    producers.emplace_back([&, t] {
      auto& queue = store->queue("T", t);
      while (!stop) {
        auto batch = std::make_unique<AppendBatch>();
        batch->listener = &counter;
        (void)batch->add(queue, message("p"));
        if (store->append(batch) == AppendStatus::kOk) ++accepted;
      }
    });
  }
  for (std::uint64_t epoch = 1; epoch <= 30; ++epoch) {
    const int before = counter.acknowledged;
    for (int i = 0; i < 100'000 && counter.acknowledged < before + 20; ++i) std::this_thread::yield();
    REQUIRE(store->become_replica());
    counter.over = true;
    const auto end = store->log().max_offset();
    CHECK(store->append_replica(end + 1, "x").error().kind == ErrorKind::kConflict);
    REQUIRE(store->flush());
    CHECK(store->log().max_offset() == end);
    counter.over = false;
    REQUIRE(store->become_master({.epoch = epoch}));
  }
  stop = true;
  for (auto& producer : producers) producer.join();
  CHECK(counter.late == 0);
  REQUIRE(store->close());
  CHECK(counter.answered == accepted);
  std::int64_t stored = 0;
  for (int t = 0; t < 3; ++t) stored += store->queue("T", t).max_offset();
  CHECK(stored >= counter.acknowledged);
}

TEST_CASE("listeners hear of every growth of the log, and of none once removed") {
  TempDir dir;
  ManualClock clock;
  auto master = open_store(small_options(dir / "master"), clock);
  auto replica = open_store(replica_options(dir / "replica"), clock);
  struct Listener : LogEndListener {
    const CommitLog* log = nullptr;
    std::vector<std::uint64_t> ends;
    void on_log_end() noexcept override { ends.push_back(log->max_offset()); }
  };
  Listener one, two, other, spare;
  one.log = two.log = &master->log();
  other.log = &replica->log();
  REQUIRE(master->log().add_end_listener(&one));
  REQUIRE(master->log().add_end_listener(&two));
  REQUIRE(replica->log().add_end_listener(&other));
  write_history(*master, "a", 0, 2);
  master->log().remove_end_listener(&one);
  write_history(*master, "a", 2, 1);
  REQUIRE(feed(*master, *replica));
  CHECK(one.ends.size() == 2);
  CHECK(two.ends.size() == 3);
  CHECK(two.ends.back() == master->log().max_offset());
  REQUIRE_FALSE(other.ends.empty());
  CHECK(other.ends.back() == master->log().max_offset());
  REQUIRE(master->log().add_end_listener(&one));
  REQUIRE(master->log().add_end_listener(&spare));
  REQUIRE(master->log().add_end_listener(&spare));
  CHECK_FALSE(master->log().add_end_listener(&spare));
  for (auto* listener : {&one, &two, &spare}) master->log().remove_end_listener(listener);
  // What is there to be sent, file by file.
  const auto slice = master->log().slice(0, UINT64_MAX);
  CHECK(slice.size == master->log().max_offset());
  std::string bytes(slice.size, '\0');
  REQUIRE(pread_all(slice.fd, bytes.data(), bytes.size(), slice.file_offset));
  CHECK(bytes == log_bytes(*master, 0));
  CHECK(master->log().slice(master->log().max_offset(), UINT64_MAX).size == 0);
  CHECK(master->log().slice(10, 25).size == 15);
}

}  // namespace
}  // namespace rmq::store
