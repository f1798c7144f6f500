#include "broker/journal/state_journal.h"

#include <future>

#include "broker/journal/journal_test_util.h"
#include "broker/state/journal_mark.h"

namespace rmq::broker {
namespace {

using namespace std::chrono_literals;
using testing::change_all;
using testing::eventually;
using testing::group;
using testing::Node;
using testing::NodeOptions;
using testing::topic;

TEST_CASE("a change is found once it is done, and is in the log and in the file with the position") {
  Node node;
  CHECK(node.topics->update({topic("T")}).error().kind == ErrorKind::kUnavailable);  // nobody is master yet
  node.lead();
  REQUIRE(node.topics->update({topic("at-once")}));
  CHECK(read_file(node.file("topics.json"))->find("\"at-once\"") != std::string::npos);  // for Java after kill -9
  change_all(node, "T");
  CHECK(node.topics->find("T")->write_queue_nums == 3);
  CHECK_FALSE(node.topics->contains("T-gone"));
  CHECK(node.groups->forbidden("T", "T") == 4);
  CHECK(node.topics->update({topic("T", 3)}));  // nothing to change
  const auto before = node.content();
  const auto end = node.journal->position().end;
  node.close();
  for (const auto* name : {"topics.json", "subscriptionGroup.json", "consumerOffset.json", "delayOffset.json"}) {
    const auto file = *read_file(node.file(name));
    const auto mark = find_journal_mark(file);
    REQUIRE(mark);
    CHECK((*mark > 0 && *mark <= end));
    CHECK(file.ends_with("\n\t},\n\t\"rmqJournal\":" + std::to_string(*mark) + "\n}"));
  }
  node.open();
  CHECK(node.offsets->query("T", "T", 1) == 7);
  CHECK(node.offsets->has_reset("T", "U", 0));
  CHECK(node.content() == before);
  CHECK(node.journal->health());
}

TEST_CASE("without its files, or with those of any moment, a replica has the same after a restart") {
  Node node;
  node.lead();
  change_all(node, "A");
  node.restart();
  node.lead(2);
  const auto old = node.state_files();
  change_all(node, "B");
  REQUIRE(node.topics->remove("A"));
  node.offsets->remove_group("A");
  REQUIRE(node.journal->flush(10s));
  const auto before = node.content();
  SUBCASE("a crash") {
    node.close(true);
  }
  SUBCASE("older files") {
    node.close();
    node.put_state_files(old);
  }
  SUBCASE("no files") {
    node.close();
    node.put_state_files({});
  }
  node.open();
  node.settle();
  CHECK(node.content() == before);
}

TEST_CASE("replicas have what the master has; a new master goes on, and the old one follows it") {
  Node a;
  Node b;
  a.lead(1);
  change_all(a, "T1");
  b.follow(a);
  CHECK(b.content() == a.content());
  CHECK(b.offsets->has_reset("T1", "U", 0));
  b.offsets->commit("T1", "T", 0, 99);  // not its to say
  CHECK(b.offsets->query("T1", "T", 0) == 5);
  CHECK(b.topics->update({topic("X")}).error().kind == ErrorKind::kUnavailable);

  a.yield();
  b.lead(2);
  change_all(b, "T2");
  CHECK(b.topics->data_version().counter > a.topics->data_version().counter);
  a.follow(b);
  CHECK(a.content() == b.content());
  CHECK(a.topics->contains("T1"));
  CHECK(a.topics->contains("T2"));
  CHECK(a.offsets->query("T1", "T", 1) == 7);

  b.yield();
  a.lead(3);
  CHECK(a.offsets->take_reset("T1", "U", 0) == 2);
  REQUIRE(a.journal->flush(10s));
  b.follow(a);
  CHECK_FALSE(b.offsets->has_reset("T1", "U", 0));
  CHECK(b.content() == a.content());
}

TEST_CASE("issues 7790, 4771, 4215: offsets survive failovers, an old master's that nobody knew of do not return") {
  NodeOptions options;
  options.offset_interval = 1h;
  Node a(options);
  Node b;
  a.lead(1);
  a.offsets->commit("g", "T", 0, 100);
  REQUIRE(a.journal->flush(10s));
  b.follow(a);
  a.offsets->commit("g", "T", 0, 200);  // within the interval: not promised
  a.offsets->commit("g", "T", 1, 10);
  a.yield();
  b.lead(2);
  CHECK(b.offsets->query("g", "T", 0) == 100);
  b.offsets->commit("g", "T", 0, 150);
  REQUIRE(b.journal->flush(10s));
  a.follow(b);
  CHECK(a.offsets->query("g", "T", 0) == 150);
  CHECK_FALSE(a.offsets->query("g", "T", 1));
  CHECK(a.content() == b.content());
}

TEST_CASE("nothing is written when nothing changes") {
  Node node;
  node.lead();
  node.offsets->commit("g", "T", 0, 1);
  REQUIRE(node.journal->flush(10s));
  const auto end = node.store->log().max_offset();
  node.offsets->commit("g", "T", 0, 1);
  REQUIRE(node.journal->flush(10s));
  REQUIRE(node.journal->flush(10s));
  CHECK(node.store->log().max_offset() == end);
}

TEST_CASE("synchronous: a change waits for the replicas, fails with its mastership, and may be applied later") {
  NodeOptions options;
  options.synchronous = true;
  Node node(options);
  node.begin_to_lead(1);
  REQUIRE(eventually([&] { return node.journal->accepts(); }));
  REQUIRE(eventually([&] { return node.store->log().max_offset() > 0; }));  // the snapshot
  std::promise<Result<TopicPtr>> first;
  node.topics->create_for_send("T", kAutoCreateTopic, 4, 0, [&](Result<TopicPtr> made) { first.set_value(made); });
  auto answer = first.get_future();
  CHECK(answer.wait_for(20ms) == std::future_status::timeout);
  CHECK_FALSE(node.topics->contains("T"));
  std::thread confirming([&] {
    while (!node.topics->contains("T")) {
      node.confirm();
      std::this_thread::yield();
    }
  });
  CHECK(answer.get());
  confirming.join();

  const auto end = node.store->log().max_offset();
  std::promise<Result<TopicPtr>> second;
  node.topics->create_for_send("U", kAutoCreateTopic, 4, 0, [&](Result<TopicPtr> made) { second.set_value(made); });
  REQUIRE(eventually([&] { return node.store->log().max_offset() > end; }));
  node.yield();
  CHECK(second.get_future().get().error().kind == ErrorKind::kUnavailable);
  CHECK_FALSE(node.topics->contains("U"));
  SUBCASE("it was confirmed after all") {
    node.store->set_confirm_offset(node.store->log().max_offset());
    CHECK(eventually([&] { return node.topics->contains("U"); }));
  }
  SUBCASE("it was cut off") {
    REQUIRE(node.journal->before_cut(end));
    REQUIRE(node.store->truncate_to(end));
    node.journal->after_cut();
    node.lead(2);
    node.confirm();
    CHECK_FALSE(node.topics->contains("U"));
    CHECK(node.topics->contains("T"));
    CHECK(node.topics->journaled().position() != kJournalStale);
  }
}

TEST_CASE("synchronous without replicas: changes fail within their limit, those that wait behind a snapshot as well") {
  NodeOptions options;
  options.synchronous = true;
  options.file_bytes = 128 * 1024;
  options.change_limit = 50ms;
  Node node(options);
  node.begin_to_lead(1);
  REQUIRE(eventually([&] {
    node.confirm();
    return node.journal->position().last_snapshot == 0;
  }));
  CHECK(node.topics->update({topic("T")}).error().kind == ErrorKind::kTimeout);
  // The log rolls: a snapshot is due, and cannot be written before the change is confirmed.
  store::testing::Collector collector;
  auto& queue = node.store->queue("data", 0);
  const std::string body(4000, 'x');
  while (node.store->log().max_offset() < options.file_bytes + 10'000) {
    auto batch = std::make_unique<store::AppendBatch>();
    batch->listener = &collector;
    batch->wait_for = store::kWaitNothing;
    REQUIRE(batch->add(queue, store::testing::message(body)));
    REQUIRE(node.store->append(batch) == store::AppendStatus::kOk);
    (void)collector.take();
  }
  CHECK(node.topics->update({topic("U")}).error().kind == ErrorKind::kTimeout);
  node.offsets->commit("g", "T", 0, 1);
  const auto flushed = node.journal->flush(10s);
  REQUIRE_FALSE(flushed);
  CHECK(flushed.error().kind == ErrorKind::kTimeout);
  CHECK_FALSE(node.topics->contains("T"));
  // Once the replicas are there everything goes on.
  REQUIRE(eventually([&] {
    node.confirm();
    return node.topics->contains("T");
  }));
  std::atomic<bool> done{false};
  std::thread confirming([&] {
    while (!done) {
      node.confirm();
      std::this_thread::yield();
    }
  });
  CHECK(node.topics->update({topic("V")}));
  // What was not applied yet when the snapshot became due is in it all the same.
  CHECK(eventually([&] { return node.journal->position().last_snapshot > 0; }));
  CHECK(node.topics->update({topic("W")}));
  done = true;
  confirming.join();
  node.yield();
  Node late({.file_bytes = options.file_bytes});
  late.copy(node, UINT64_MAX, options.file_bytes);
  late.settle();
  for (const auto* name : {"T", "V", "W"}) CHECK(late.topics->contains(name));
  CHECK(late.offsets->query("g", "T", 0) == 1);
}

}  // namespace
}  // namespace rmq::broker
