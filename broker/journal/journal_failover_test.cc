// Cuts, crashes, replicas that begin late, files that others wrote.
#include <mutex>
#include <set>
#include <thread>

#include "broker/journal/journal_test_util.h"

namespace rmq::broker {
namespace {

using testing::change_all;
using testing::eventually;
using testing::group;
using testing::Node;
using testing::NodeOptions;
using testing::topic;

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

TEST_CASE("changes by many threads over files, snapshots and failovers: what was acknowledged is on every heir") {
  NodeOptions options;
  options.file_bytes = 512 * 1024;
  options.part_bytes = 2000;
  Node first(options);
  Node second(options);
  Node* nodes[] = {&first, &second};
  std::mutex mutex;
  std::set<std::string> acknowledged;
  for (std::int32_t epoch = 1; epoch <= 4; ++epoch) {
    Node& master = *nodes[epoch % 2];
    Node& heir = *nodes[(epoch + 1) % 2];
    master.lead(epoch);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&, thread] {
        for (int i = 0;; ++i) {
          const auto name = std::to_string(epoch) + "-" + std::to_string(thread) + "-" + std::to_string(i);
          const bool done = master.topics->update({topic(name)}) && master.groups->update({group(name)});
          master.offsets->commit(name, "T", 0, epoch);
          if (!done) return;  // no longer the master
          std::lock_guard lock(mutex);
          acknowledged.insert(name);
        }
      });
    }
    auto& data = master.store->queue("data", 0);
    const std::string body(4000, 'x');
    const auto from = master.store->log().max_offset();
    while (master.store->log().max_offset() < from + 2 * options.file_bytes) {
      REQUIRE(store::testing::put(*master.store, data, body).status == store::AppendStatus::kOk);
    }
    REQUIRE(eventually([&] {
      std::lock_guard lock(mutex);
      return acknowledged.size() >= 10 * static_cast<std::size_t>(epoch);
    }));
    REQUIRE(master.journal->flush(std::chrono::seconds(10)));
    master.yield();
    for (auto& thread : threads) thread.join();
    heir.follow(master);
    for (const auto& name : acknowledged) {
      CHECK(heir.topics->contains(name));
      CHECK(heir.groups->contains(name));
    }
    CHECK(heir.topics->table().topics.size() == master.topics->table().topics.size());
    CHECK(heir.journal->health());
  }
}

}  // namespace
}  // namespace rmq::broker
