#include "broker/journal/state_journal.h"

#include <future>

#include "broker/journal/journal_test_util.h"
#include "broker/state/journal_mark.h"

namespace rmq::broker {
namespace {

using namespace std::chrono_literals;
using testing::eventually;
using testing::group;
using testing::Node;
using testing::NodeOptions;
using testing::topic;

// Something of everything.
void change_all(Node& node, const std::string& name) {
  REQUIRE(node.topics->update({topic(name, 3), topic(name + "-gone")}));
  REQUIRE(node.topics->remove(name + "-gone"));
  REQUIRE(node.groups->update({group(name)}));
  REQUIRE(node.groups->set_forbidden(name, "T", GroupManager::kForbiddenRead, true));
  node.offsets->commit(name, "T", 0, 5);
  node.offsets->commit(name, "T", 1, 7);
  node.offsets->assign_reset(name, "U", 0, 2);
  node.delays->set(3, 11);
  REQUIRE(node.journal->flush(10s));
}

TEST_CASE("a change is found once it is done, and is in the log and in the file with the position") {
  Node node;
  CHECK(node.topics->update({topic("T")}).error().kind == ErrorKind::kUnavailable);  // nobody is master yet
  node.lead();
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
  const auto config = node.config_dir();
  std::map<std::string, std::string> old;
  for (const auto& entry : std::filesystem::directory_iterator(config)) {
    old[entry.path().string()] = *read_file(entry.path().string());
  }
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
    for (const auto& [path, text] : old) REQUIRE(replace_file(path, text));
  }
  SUBCASE("no files") {
    node.close();
    for (const auto& entry : std::filesystem::directory_iterator(config)) std::filesystem::remove(entry.path());
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

TEST_CASE("asynchronous: what was applied and then cut off is gone from the tables, also after a crash") {
  Node a;
  Node b;
  a.lead(1);
  change_all(a, "T");
  b.follow(a);
  const auto end = a.store->log().max_offset();
  const auto before = a.content();
  change_all(a, "lost");
  a.yield();
  REQUIRE(a.journal->before_cut(end));
  SUBCASE("at once") {
    REQUIRE(a.store->truncate_to(end));
    a.journal->after_cut();
  }
  SUBCASE("a crash before the cut") {
    a.restart(true);
    REQUIRE(a.journal->before_cut(end));
    REQUIRE(a.store->truncate_to(end));
    a.journal->after_cut();
  }
  SUBCASE("a crash after the cut") {
    REQUIRE(a.store->truncate_to(end));
    a.restart(true);
  }
  CHECK(eventually([&] { return a.content() == before; }));
  b.lead(2);
  change_all(b, "next");
  a.follow(b);
  CHECK(a.content() == b.content());
  CHECK_FALSE(a.topics->contains("lost"));
}

TEST_CASE("asynchronous: a crash after a cut, when the log is longer again than what was applied of the old one") {
  Node a;
  Node b;
  a.lead(1);
  change_all(a, "T");
  b.follow(a);
  const auto end = a.store->log().max_offset();
  change_all(a, "lost");
  REQUIRE(a.checkpointer->flush_all_and_wait());
  const auto applied = a.journal->position().end;
  a.yield();
  b.lead(2);
  for (const auto* name : {"U", "V", "W"}) change_all(b, name);
  REQUIRE(b.journal->position().end > applied);
  REQUIRE(a.journal->before_cut(end));
  REQUIRE(a.store->truncate_to(end));
  a.copy(b);
  a.restart(true);
  a.settle();
  CHECK(a.content() == b.content());
}

TEST_CASE("a failover at each point of the log loses nothing that was acknowledged before it") {
  Node master;
  master.lead(1);
  std::vector<std::uint64_t> acknowledged;  // the log's end when topic i was
  for (int i = 0; i < 12; ++i) {
    REQUIRE(master.topics->update({topic("T" + std::to_string(i))}));
    acknowledged.push_back(master.store->log().max_offset());
    if (i % 3 == 0) REQUIRE(master.groups->update({group("G" + std::to_string(i))}));
  }
  std::vector<std::uint64_t> points;
  for (std::int64_t at = 0; at < master.journal->position().end; ++at) {
    points.push_back(
        static_cast<std::uint64_t>(master.store->physical_offset(*master.store->find_queue(kJournalTopic, 0), at)));
  }
  REQUIRE(points.size() >= 16);
  for (const auto point : points) {
    Node heir;
    heir.copy(master, point + 40);  // in the middle of a record: it does not count
    heir.lead(2);
    for (std::size_t i = 0; i < acknowledged.size(); ++i) {
      CHECK(heir.topics->contains("T" + std::to_string(i)) == (acknowledged[i] <= point));
    }
    CHECK(heir.topics->update({topic("after")}));
    heir.restart(true);
    heir.settle();
    CHECK(heir.topics->contains("after"));
  }
}

TEST_CASE("a writer that dies within an entry leaves nothing behind, and the next master goes on") {
  NodeOptions options;
  options.part_bytes = 1000;
  Node a(options);
  Node b(options);
  a.lead(1);
  b.follow(a);
  const auto before = b.content();
  const auto end = a.journal->position().end;
  std::vector<protocol::TopicConfig> many;
  for (int i = 0; i < 100; ++i) many.push_back(topic("many-" + std::to_string(i)));
  REQUIRE(a.topics->update(many));
  REQUIRE(a.journal->position().end > end + 5);
  const auto& queue = *a.store->find_queue(kJournalTopic, 0);
  b.copy(a, static_cast<std::uint64_t>(a.store->physical_offset(queue, end + 3)));
  REQUIRE(eventually([&] { return b.journal->position().end == end + 3; }));
  CHECK(b.content() == before);
  b.lead(2);
  REQUIRE(b.topics->update({topic("U")}));
  CHECK(b.topics->contains("U"));
  CHECK_FALSE(b.topics->contains("many-0"));
  b.restart(true);
  b.settle();
  CHECK(b.topics->contains("U"));
  CHECK_FALSE(b.topics->contains("many-0"));
}

TEST_CASE("each file of the log has a snapshot: a replica that starts in the middle has everything") {
  NodeOptions options;
  options.file_bytes = 256 * 1024;
  Node master(options);
  master.lead(1);
  change_all(master, "T");
  auto& queue = master.store->queue("data", 0);
  const std::string body(4000, 'x');
  for (std::uint64_t file = 1; file <= 3; ++file) {
    const auto known = master.journal->position().last_snapshot;
    while (master.store->log().max_offset() < file * options.file_bytes + 20'000) {
      REQUIRE(store::testing::put(*master.store, queue, body).status == store::AppendStatus::kOk);
    }
    REQUIRE(eventually([&] { return master.journal->position().last_snapshot > known; }));
    change_all(master, "T" + std::to_string(file));
  }
  Node late(options);
  late.copy(master, UINT64_MAX, 2 * options.file_bytes);
  REQUIRE(late.store->log().min_offset() == 2 * options.file_bytes);
  late.settle();
  CHECK(late.content() == master.content());
  CHECK(late.topics->contains("T"));
  late.restart(true);
  late.settle();
  CHECK(late.content() == master.content());
}

TEST_CASE("issues 9804, 9984, 5296: 60,000 topics reach a new replica, and in one change") {
  NodeOptions options;
  options.file_bytes = 64UL << 20;
  Node master(options);
  master.lead(1);
  std::vector<protocol::TopicConfig> many;
  for (int i = 0; i < 60'000; ++i) many.push_back(topic("topic-" + std::to_string(i)));
  REQUIRE(master.topics->update(std::move(many)));
  Node replica(options);
  replica.follow(master);
  CHECK(replica.topics->size() == master.topics->size());
  master.restart();
  master.lead(2);  // begins with a snapshot
  const auto snapshot = master.journal->position().last_snapshot;
  Node late(options);
  late.follow(master);
  CHECK(late.journal->position().last_snapshot == snapshot);
  CHECK(late.content() == master.content());
  CHECK(late.topics->contains("topic-59999"));
}

TEST_CASE("a file that Java rewrote wins, and the next master gives it to the others") {
  Node a;
  Node b;
  a.lead(1);
  change_all(a, "T");
  b.follow(a);
  a.close();
  auto text = *read_file(a.file("topics.json"));
  text.replace(text.rfind(",\n\t\"rmqJournal\""), std::string::npos, "\n}");
  const auto name = text.find("\"T\"");
  for (auto at = text.find("\"T\""); at != std::string::npos; at = text.find("\"T\"")) text.replace(at, 3, "\"J\"");
  REQUIRE(name != std::string::npos);
  REQUIRE(replace_file(a.file("topics.json"), text));
  a.open();
  CHECK(a.topics->contains("J"));
  CHECK_FALSE(a.topics->journaled().position());
  // Nothing happens to it before somebody is master, even if the journal is read again for another table.
  a.close();
  REQUIRE(std::filesystem::remove(a.file("delayOffset.json")));
  (void)std::filesystem::remove(a.file("delayOffset.json.bak"));
  a.open();
  a.settle();
  CHECK(a.delays->get(3) == 11);
  CHECK_FALSE(a.topics->journaled().position());
  CHECK_FALSE(a.topics->contains("T"));
  a.lead(2);
  CHECK(a.topics->journaled().position());
  CHECK(a.topics->contains("J"));
  CHECK_FALSE(a.topics->contains("T"));
  b.follow(a);
  CHECK(b.content() == a.content());
  CHECK(b.topics->contains("J"));
}

TEST_CASE("what a Java master says is taken over, and stands above the journal") {
  Node node;
  protocol::TopicConfigTable topics;
  topics.data_version = {.counter = 4, .state_version = 1, .timestamp = 9};
  topics.topics["J"] = topic("J");
  CHECK(node.topics->import_from_java(topics));
  CHECK(node.topics->contains("J"));
  CHECK_FALSE(node.topics->contains("TBW102"));  // the master has none
  CHECK(node.topics->data_version() == topics.data_version);
  CHECK(read_file(node.file("topics.json"))->find("rmqJournal") == std::string::npos);
  topics.topics["K"] = topic("K");
  CHECK(node.topics->import_from_java(topics));  // the same version: nothing
  CHECK_FALSE(node.topics->contains("K"));
  protocol::SubscriptionGroupTable groups;
  groups.data_version.counter = 2;
  groups.groups["g"] = group("g");
  groups.forbidden["g"]["J"] = 4;
  CHECK(node.groups->import_from_java(groups));
  CHECK(node.groups->forbidden("g", "J") == 4);
  protocol::ConsumerOffsetTable offsets;
  offsets.offsets["J@g"] = {{0, 5}};
  CHECK(node.offsets->import_from_java(offsets));
  CHECK(node.offsets->query("g", "J", 0) == 5);
  protocol::DelayOffsetTable delays;
  delays.offsets = {{1, 2}};
  CHECK(node.delays->import_from_java(delays));
  CHECK(node.delays->get(1) == 2);
  node.restart(true);
  CHECK_FALSE(node.topics->contains("K"));
  CHECK(node.topics->contains("J"));
  CHECK(node.offsets->query("g", "J", 0) == 5);
  node.lead();
  Node replica;
  replica.follow(node);
  CHECK(replica.topics->contains("J"));
  CHECK(replica.offsets->query("g", "J", 0) == 5);
  CHECK(replica.content() == node.content());
}

}  // namespace
}  // namespace rmq::broker
