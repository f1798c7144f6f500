#include "broker/store/message_store.h"

#include <sys/stat.h>

#include <atomic>
#include <thread>

#include "broker/store/store_test_util.h"
#include "common/base/bytes.h"
#include "common/protocol/java_string.h"

namespace rmq::store {
namespace {

using namespace testing;
using rmq::testing::TempDir;

TEST_CASE("messages come back in order, over file borders and restarts") {
  TempDir dir;
  ManualClock clock;
  std::vector<std::string> sent;
  for (int round = 0; round < 3; ++round) {
    auto store = open_store(small_options(dir / "store"), clock);
    CHECK_FALSE(store->recovered_from_crash());
    auto& queue = store->queue("T", 3);
    CHECK(queue.next_offset() == static_cast<std::int64_t>(sent.size()));
    for (int i = 0; i < 150; ++i) {
      sent.push_back("message " + std::to_string(sent.size()) + std::string(1000, 'x'));
      auto placed = put(*store, queue, sent.back());
      CHECK(placed.status == AppendStatus::kOk);
      CHECK(placed.queue_offset == static_cast<std::int64_t>(sent.size()) - 1);
      clock.advance(1);
    }
    dispatch_all(*store);
    CHECK(bodies(*store, "T", 3) == sent);
    CHECK(store->log().segments().size() > 1);
    CHECK(store->close());
  }
}

TEST_CASE("files have the original's form") {
  TempDir dir;
  ManualClock clock(1'700'000'000'000);
  auto store = open_store(small_options(dir / "store"), clock);
  auto& queue = store->queue("T", 0);
  put(*store, queue, "hello",
      "TAGS\x01"
      "a\x02UNIQ_KEY\x01"
      "U1\x02KEYS\x01k1 k2\x02");
  auto second = put(*store, queue, "world");
  dispatch_all(*store);
  REQUIRE(store->close());
  auto log = read_file(dir / "store/commitlog/00000000000000000000");
  REQUIRE(log);
  CHECK(log->size() == 64 * 1024);
  auto record = protocol::decode_record(*log);
  REQUIRE(record);
  CHECK(record->store_timestamp == 1'700'000'000'000);
  CHECK(record->physical_offset == 0);
  CHECK(second.physical_offset == record->size);

  auto units = read_file(dir / "store/consumequeue/T/0/00000000000000000000");
  REQUIRE(units);
  CHECK(units->size() == 2000);
  CHECK(load_be<std::int64_t>(units->data()) == 0);
  CHECK(load_be<std::int32_t>(units->data() + 8) == record->size);
  CHECK(load_be<std::int64_t>(units->data() + 12) == 'a');
  CHECK(load_be<std::int64_t>(units->data() + 20) == record->size);
  CHECK(load_be<std::int64_t>(units->data() + 32) == 0);
  CHECK(units->substr(40) == std::string(1960, '\0'));

  auto names = list_files(dir / "store/index");
  REQUIRE(names.size() == 1);
  CHECK(names[0].size() == 17);
  auto index = read_file(dir / ("store/index/" + names[0]));
  REQUIRE(index);
  CHECK(index->size() == 40 + 1000 * 4 + 4000 * 20);
  CHECK(load_be<std::int64_t>(index->data()) == 1'700'000'000'000);
  CHECK(load_be<std::int64_t>(index->data() + 8) == 1'700'000'000'000);
  CHECK(load_be<std::int32_t>(index->data() + 36) == 5);  // U1, k1, k2, T#a; the next is 5
  const auto hash = index_hash(protocol::java_hash("T#U1"));
  CHECK(load_be<std::int32_t>(index->data() + 40 + hash % 1000 * 4) == 1);
  const char* entry = index->data() + 40 + 4000 + 20;
  CHECK(load_be<std::int32_t>(entry) == hash);
  CHECK(load_be<std::int64_t>(entry + 4) == 0);
  CHECK(load_be<std::int32_t>(entry + 12) == 0);
  CHECK(load_be<std::int32_t>(entry + 16) == 0);

  auto checkpoint = read_file(dir / "store/checkpoint");
  REQUIRE(checkpoint);
  CHECK(checkpoint->size() == 4096);
  CHECK(load_be<std::int64_t>(checkpoint->data()) == 1'700'000'000'000);
  CHECK(load_be<std::int64_t>(checkpoint->data() + 8) == 1'700'000'000'000);
  CHECK(load_be<std::int64_t>(checkpoint->data() + 40) == record->size);
  CHECK(read_file(dir / "store/abort").error().kind == ErrorKind::kNotFound);
  CHECK(*read_file(dir / "store/lock") == "lock");
}

TEST_CASE("the end of a file is a blank record, and no record crosses it") {
  TempDir dir;
  ManualClock clock;
  auto store = open_store(small_options(dir / "store"), clock);
  auto& queue = store->queue("T", 0);
  // Records of 64 KiB less the blank fit exactly; one byte more does not.
  const auto overhead = protocol::record_size(0, 1, 0, false, false);
  put(*store, queue, std::string(64 * 1024 - 8 - overhead, 'a'));
  CHECK(put(*store, queue, "b").physical_offset == 64 * 1024);
  auto log = read_file(dir / "store/commitlog/00000000000000000000");
  REQUIRE(log);
  CHECK(load_be<std::int32_t>(log->data() + 64 * 1024 - 8) == 8);
  CHECK(load_be<std::int32_t>(log->data() + 64 * 1024 - 4) == protocol::kBlankMagic);
  CHECK(put(*store, queue, std::string(64 * 1024 - 7 - overhead, 'a')).status == AppendStatus::kTooLarge);
  dispatch_all(*store);
  CHECK(store->queue("T", 0).max_offset() == 2);
}

TEST_CASE("a batch gets consecutive offsets and may go over a file's end") {
  TempDir dir;
  ManualClock clock;
  auto store = open_store(small_options(dir / "store"), clock);
  Collector collector;
  auto batch = std::make_unique<AppendBatch>();
  batch->listener = &collector;
  std::vector<std::string> sent;
  for (int i = 0; i < 200; ++i) {
    sent.push_back(std::to_string(i) + std::string(1000, 'y'));
    REQUIRE(batch->add(store->queue("T", i % 2), message(sent.back())));
  }
  REQUIRE(store->append(batch) == AppendStatus::kOk);
  auto done = collector.take();
  CHECK(done->status == AppendStatus::kOk);
  for (int i = 0; i < 200; ++i) CHECK(done->records()[static_cast<std::size_t>(i)].queue_offset == i / 2);
  dispatch_all(*store);
  auto even = bodies(*store, "T", 0);
  REQUIRE(even.size() == 100);
  CHECK(even[99] == sent[198]);
  CHECK(store->stats().writes.load() == 4);  // four files of 64 KiB
}

TEST_CASE("get: states, limits, filter") {
  TempDir dir;
  ManualClock clock;
  auto store = open_store(small_options(dir / "store"), clock);
  auto& queue = store->queue("T", 0);
  CHECK(store->get(nullptr, {}).status == GetStatus::kNoMessageInQueue);
  CHECK(store->get(&queue, {}).status == GetStatus::kNoMessageInQueue);
  for (int i = 0; i < 100; ++i)
    put(*store, queue, std::to_string(i), i % 10 == 9 ? "TAGS\x01nine\x02" : "TAGS\x01other\x02");
  CHECK(store->get(&queue, {}).status == GetStatus::kNoMessageInQueue);  // not dispatched yet
  dispatch_all(*store);

  GetRequest request;
  auto result = store->get(&queue, request);
  CHECK(result.status == GetStatus::kFound);
  CHECK(result.messages == 32);
  CHECK(result.next_offset == 32);
  CHECK(result.max_offset == 100);
  CHECK(result.parts.size() == 1);  // neighbours are one part
  CHECK(result.owners.size() == 1);
  request.max_messages = 5;
  CHECK(store->get(&queue, request).messages == 5);
  request.max_messages = 32;
  request.max_bytes = 300;
  CHECK(store->get(&queue, request).messages == 2);
  request.max_bytes = 1;
  CHECK(store->get(&queue, request).messages == 1);  // always the first
  request = {};
  request.offset = 100;
  CHECK(store->get(&queue, request).status == GetStatus::kOffsetOverflowOne);
  request.offset = 101;
  result = store->get(&queue, request);
  CHECK(result.status == GetStatus::kOffsetOverflowBadly);
  CHECK(result.next_offset == 100);
  request.offset = -1;
  result = store->get(&queue, request);
  CHECK(result.status == GetStatus::kOffsetTooSmall);
  CHECK(result.next_offset == 0);

  struct Tag : MessageFilter {
    std::int64_t code = 0;
    bool matches_tags(std::int64_t tags_code) const override { return tags_code == code; }
  } filter;
  filter.code = protocol::java_hash("nine");
  request = {};
  request.filter = &filter;
  result = store->get(&queue, request);
  CHECK(result.messages == 10);
  CHECK(result.next_offset == 100);
  filter.code = 1;
  result = store->get(&queue, request);
  CHECK(result.status == GetStatus::kNoMatchedMessage);
  CHECK(result.next_offset == 100);

  // Far behind: less at once, and somebody else should serve it.
  auto options = small_options(dir / "cold");
  options.memory_bytes = 1000;
  auto cold = open_store(options, clock);
  for (int i = 0; i < 100; ++i) put(*cold, cold->queue("T", 0), std::to_string(i));
  dispatch_all(*cold);
  result = cold->get(&cold->queue("T", 0), {});
  CHECK(result.messages == 8);
  CHECK(result.suggest_replica);
  CHECK(cold->is_cold(0));
}

TEST_CASE("query by key, by id and by time") {
  TempDir dir;
  ManualClock clock(1'700'000'000'000);
  auto store = open_store(small_options(dir / "store"), clock);
  auto& queue = store->queue("T", 0);
  std::vector<Placed> placed;
  for (int i = 0; i < 100; ++i) {
    placed.push_back(put(*store, queue, std::to_string(i),
                         "UNIQ_KEY\x01u" + std::to_string(i) +
                             "\x02KEYS\x01"
                             "all half" +
                             std::to_string(i % 2) + "\x02"));
    clock.advance(1000);
  }
  dispatch_all(*store);
  auto result = store->query("T", "u42", 64, 0, INT64_MAX);
  REQUIRE(result.records.size() == 1);
  CHECK(protocol::decode_record(result.records[0].bytes)->body == "42");
  result = store->query("T", "all", 100, 0, INT64_MAX);
  REQUIRE(result.records.size() == 64);  // newest first
  CHECK(protocol::decode_record(result.records[0].bytes)->body == "99");
  CHECK(store->query("T", "half1", 64, 0, INT64_MAX).records.size() == 50);
  CHECK(store->query("T", "all", 64, 1'700'000'010'000, 1'700'000'019'999).records.size() == 10);
  CHECK(store->query("U", "all", 64, 0, INT64_MAX).records.empty());

  auto view = store->record_at(static_cast<std::uint64_t>(placed[7].physical_offset));
  REQUIRE(view);
  CHECK(protocol::decode_record(view.bytes)->body == "7");
  CHECK_FALSE(store->record_at(static_cast<std::uint64_t>(placed[7].physical_offset + 1)));
  CHECK_FALSE(store->record_at(1ULL << 60));

  CHECK(store->offset_by_time(queue, 1'700'000'010'000, TimeBoundary::kLower) == 10);
  CHECK(store->offset_by_time(queue, 1'700'000'010'000, TimeBoundary::kUpper) == 10);
  CHECK(store->offset_by_time(queue, 1'700'000'010'500, TimeBoundary::kLower) == 11);
  CHECK(store->offset_by_time(queue, 1'700'000'010'500, TimeBoundary::kUpper) == 10);
  CHECK(store->offset_by_time(queue, 0, TimeBoundary::kLower) == 0);
  CHECK(store->offset_by_time(queue, INT64_MAX, TimeBoundary::kLower) == 100);
  CHECK(store->earliest_store_timestamp() == 1'700'000'000'000);
  CHECK(store->store_timestamp(queue, 5) == 1'700'000'005'000);
}

TEST_CASE("transaction records and delay levels") {
  TempDir dir;
  ManualClock clock(1'700'000'000'000);
  auto store = open_store(small_options(dir / "store"), clock);
  auto& queue = store->queue("T", 0);
  CHECK(put(*store, queue, "half", {}, protocol::MessageFlag::kTransactionPrepared).queue_offset == 0);
  CHECK(put(*store, queue, "first").queue_offset == 0);
  CHECK(put(*store, queue, "undone", {}, protocol::MessageFlag::kTransactionRollback).queue_offset == 0);
  CHECK(put(*store, queue, "done", {}, protocol::MessageFlag::kTransactionCommit).queue_offset == 1);
  auto& delayed = store->queue("SCHEDULE_TOPIC_XXXX", 2);
  put(*store, delayed, "later",
      "DELAY\x01"
      "3\x02TAGS\x01x\x02");
  put(*store, delayed, "latest",
      "DELAY\x01"
      "99\x02");
  dispatch_all(*store);
  CHECK(bodies(*store, "T", 0) == std::vector<std::string>{"first", "done"});
  auto units = read_file(dir / "store/consumequeue/SCHEDULE_TOPIC_XXXX/2/00000000000000000000");
  REQUIRE(units);
  CHECK(load_be<std::int64_t>(units->data() + 12) == 1'700'000'010'000);
  CHECK(load_be<std::int64_t>(units->data() + 32) == 1'700'000'000'000 + 7'200'000);
}

TEST_CASE("stores of another kind are refused, and so is a second opening") {
  TempDir dir;
  ManualClock clock;
  for (const char* folder : {"consumequeue_rocksdb", "dledger-n0", "batchconsumequeue/T"}) {
    const auto root = dir / (std::string("s") + folder[0] + folder[1]);
    REQUIRE(make_directories(root + "/" + folder));
    auto store = MessageStore::open(small_options(root), clock);
    REQUIRE_FALSE(store);
    CHECK(store.error().kind == ErrorKind::kUnsupported);
  }
  auto store = open_store(small_options(dir / "store"), clock);
  auto second = MessageStore::open(small_options(dir / "store"), clock);
  REQUIRE_FALSE(second);
  CHECK(second.error().kind == ErrorKind::kConflict);
  REQUIRE(store->close());
  store.reset();
  auto options = small_options(dir / "store");
  put(*open_store(options, clock), open_store(small_options(dir / "other"), clock)->queue("T", 0), "x");
  options.commit_log_file_bytes *= 2;
  CHECK(MessageStore::open(options, clock).error().kind == ErrorKind::kCorrupt);
}

TEST_CASE("many threads: nothing lost, nothing twice, order kept for each sender") {
  TempDir dir;
  SystemClock clock;
  for (auto mode : {FlushMode::kAsync, FlushMode::kSync}) {
    auto options = small_options(dir / (mode == FlushMode::kSync ? "sync" : "async"));
    options.start_threads = true;
    options.flush_mode = mode;
    options.commit_log_file_bytes = 1 << 20;
    auto store = open_store(options, clock);
    struct Listener : AppendListener {
      std::atomic<int> ok{0}, bad{0};
      void on_appended(std::unique_ptr<AppendBatch> batch) noexcept override {
        (batch->status == AppendStatus::kOk ? ok : bad) += static_cast<int>(batch->records().size());
      }
    } listener;
    struct Arrivals : ArrivalListener {
      std::atomic<int> count{0};
      bool in_a_hurry() const noexcept override { return true; }
      void on_arrivals(std::span<const Arrival> arrivals) noexcept override {
        count += static_cast<int>(arrivals.size());
      }
    } arrivals;
    store->set_arrival_listener(&arrivals);
    constexpr int kThreads = 4, kBatches = 300, kEach = 4;
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kBatches; ++i) {
          auto batch = std::make_unique<AppendBatch>();
          batch->listener = &listener;
          for (int j = 0; j < kEach; ++j) {
            const auto body = std::to_string(t) + ":" + std::to_string(i * kEach + j);
            (void)batch->add(store->queue("T", j), message(body, "UNIQ_KEY\x01" + body + "\x02"));
          }
          while (store->append(batch) == AppendStatus::kBusy) std::this_thread::yield();
        }
      });
    }
    for (auto& thread : threads) thread.join();
    for (int i = 0; i < 30'000 && (listener.ok + listener.bad < kThreads * kBatches * kEach ||
                                   arrivals.count < kThreads * kBatches * kEach);
         ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    CHECK(listener.ok == kThreads * kBatches * kEach);
    CHECK(arrivals.count == kThreads * kBatches * kEach);
    if (mode == FlushMode::kSync) CHECK(store->log().flushed_offset() == store->log().max_offset());
    for (int j = 0; j < kEach; ++j) {
      std::vector<int> next(kThreads, j);
      auto found = bodies(*store, "T", j);
      CHECK(found.size() == kThreads * kBatches);
      bool in_order = true;
      for (const auto& body : found) {
        const auto t = static_cast<std::size_t>(body[0] - '0');
        in_order = in_order && std::stoi(body.substr(2)) == next[t];
        next[t] += kEach;
      }
      CHECK(in_order);
    }
    CHECK(store->query("T", "2:77", 64, 0, INT64_MAX).records.size() == 1);
    CHECK(store->close());
  }
}

}  // namespace
}  // namespace rmq::store
