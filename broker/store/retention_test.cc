// Full and failing disks, retention, many queues.
#include <algorithm>

#include "broker/store/fault_ops.h"
#include "broker/store/store_test_util.h"

namespace rmq::store {
namespace {

using namespace testing;
using rmq::testing::TempDir;

TEST_CASE("a full disk stops writing, not reading, and writing goes on by itself") {
  TempDir dir;
  ManualClock clock;
  FaultOps ops;
  auto store = open_store(small_options(dir / "store"), clock, ops);
  auto& queue = store->queue("T", 0);
  std::vector<std::string> kept;
  const auto send = [&] {
    auto body = std::to_string(kept.size()) + std::string(900, 'f');
    auto placed = put(*store, queue, body);
    if (placed.status == AppendStatus::kOk) kept.push_back(std::move(body));
    return placed;
  };
  send();
  ops.full = true;
  CHECK(send().status == AppendStatus::kDiskFull);  // the write finds out
  CHECK(store->write_state() == WriteState::kNoSpace);
  CHECK(send().status == AppendStatus::kDiskFull);
  CHECK_FALSE(store->dispatcher().run_round());  // no space for the consume queue either
  CHECK_FALSE(store->log().try_resume());
  ops.full = false;
  CHECK(store->log().try_resume());
  CHECK(send().queue_offset == 1);  // no gap
  dispatch_all(*store);
  CHECK(bodies(*store, "T", 0) == kept);

  ops.full_files = true;  // no new file can be made
  while (send().status == AppendStatus::kOk) {
  }
  CHECK(kept.size() == 130);  // this file and the one made ahead are used to their ends
  dispatch_all(*store);
  CHECK(bodies(*store, "T", 0) == kept);
  CHECK_FALSE(store->log().try_resume());
  ops.full_files = false;
  CHECK(store->log().try_resume());
  CHECK(send().queue_offset == 130);
  CHECK(store->log().segments().size() == 3);

  ops.used_percent = 100;
  auto options = small_options(dir / "other");
  options.disk_full_percent = 90;
  auto other = open_store(options, clock, ops);
  CHECK(put(*other, other->queue("T", 0), "x").status == AppendStatus::kDiskFull);
  CHECK(other->write_state() == WriteState::kDiskFull);
  ops.used_percent = 50;
  other->clean();
  CHECK(put(*other, other->queue("T", 0), "x").status == AppendStatus::kOk);
}

TEST_CASE("a batch of which one part found no space: that part is told apart") {
  TempDir dir;
  ManualClock clock;
  FaultOps ops;
  auto store = open_store(small_options(dir / "store"), clock, ops);
  auto& queue = store->queue("T", 0);
  put(*store, queue, "first");
  ops.full_files = true;
  Collector collector;
  auto batch = std::make_unique<AppendBatch>();
  batch->listener = &collector;
  for (int i = 0; i < 100; ++i) REQUIRE(batch->add(queue, message(std::string(1000, 'b'))));
  REQUIRE(store->append(batch) == AppendStatus::kOk);
  auto done = collector.take();
  CHECK(done->status == AppendStatus::kDiskFull);
  CHECK(done->records().front().physical_offset >= 0);
  CHECK(done->records().back().physical_offset == -1);
  CHECK(store->log().max_offset() == 64 * 1024);
  ops.full_files = false;
  CHECK(store->log().try_resume());
  const auto stored = std::count_if(done->records().begin(), done->records().end(),
                                    [](const AppendRecord& record) { return record.physical_offset >= 0; });
  CHECK(put(*store, queue, "next").queue_offset == stored + 1);
  dispatch_all(*store);
  CHECK(bodies(*store, "T", 0).size() == static_cast<std::size_t>(stored) + 2);
}

TEST_CASE("a disk that fails to sync: nothing is acknowledged any more") {
  TempDir dir;
  ManualClock clock;
  FaultOps ops;
  auto options = small_options(dir / "store");
  options.flush_mode = FlushMode::kSync;
  auto store = open_store(options, clock, ops);
  Collector collector;
  auto batch = std::make_unique<AppendBatch>();
  batch->listener = &collector;
  REQUIRE(batch->add(store->queue("T", 0), message("x")));
  REQUIRE(store->append(batch) == AppendStatus::kOk);
  CHECK(collector.size() == 0);
  ops.broken = true;
  CHECK_FALSE(store->flush());
  CHECK(collector.take()->status == AppendStatus::kIoError);
  CHECK(put(*store, store->queue("T", 0), "y").status == AppendStatus::kIoError);
  ops.broken = false;
  CHECK_FALSE(store->flush());  // what the disk holds is unknown until a restart looks
}

TEST_CASE("synchronous flush: acknowledged by the flush, or late") {
  TempDir dir;
  ManualClock clock;
  auto options = small_options(dir / "store");
  options.flush_mode = FlushMode::kSync;
  auto store = open_store(options, clock);
  Collector collector;
  const auto send = [&](std::uint8_t wait_for) {
    auto batch = std::make_unique<AppendBatch>();
    batch->listener = &collector;
    batch->wait_for = wait_for;
    REQUIRE(batch->add(store->queue("T", 0), message("x")));
    REQUIRE(store->append(batch) == AppendStatus::kOk);
  };
  send(kWaitNothing);
  CHECK(collector.take()->status == AppendStatus::kOk);
  send(kWaitFlush);
  send(kWaitFlush);
  CHECK(collector.size() == 0);
  dispatch_all(*store);
  CHECK(store->queue("T", 0).max_offset() == 0);  // 8239: not safe yet, not readable
  REQUIRE(store->flush());
  CHECK(collector.size() == 2);  // one flush for both
  CHECK(collector.take()->status == AppendStatus::kOk);
  CHECK(collector.take()->status == AppendStatus::kOk);
  dispatch_all(*store);
  CHECK(store->queue("T", 0).max_offset() == 3);
  send(kWaitFlush);
  clock.advance(4999);
  CHECK(store->gate().expire(clock.monotonic_ms()) == 0);
  clock.advance(1);
  CHECK(store->gate().expire(clock.monotonic_ms()) == 1);
  CHECK(collector.take()->status == AppendStatus::kFlushTimeout);
}

TEST_CASE("too much waiting is refused as busy") {
  TempDir dir;
  ManualClock clock;
  auto options = small_options(dir / "store");
  options.max_waiting_append_bytes = 1500;
  auto store = open_store(options, clock);
  // The listener runs on the writer's thread while it holds the role: what it appends has to wait.
  struct Again : AppendListener {
    MessageStore* store = nullptr;
    Collector collector;
    std::vector<AppendStatus> answers;
    void on_appended(std::unique_ptr<AppendBatch>) noexcept override {
      for (int i = 0; i < 3; ++i) {
        auto batch = std::make_unique<AppendBatch>();
        batch->listener = &collector;
        (void)batch->add(store->queue("T", 0), message(std::string(600, 'w')));
        answers.push_back(store->append(batch));
      }
    }
  } again;
  again.store = store.get();
  auto batch = std::make_unique<AppendBatch>();
  batch->listener = &again;
  REQUIRE(batch->add(store->queue("T", 0), message("x")));
  REQUIRE(store->append(batch) == AppendStatus::kOk);
  CHECK(again.answers == std::vector<AppendStatus>{AppendStatus::kOk, AppendStatus::kOk, AppendStatus::kBusy});
  CHECK(again.collector.size() == 2);
}

TEST_CASE("retention by time and by disk use") {
  TempDir dir;
  SystemClock real;
  ManualClock clock(real.wall_ms());
  FaultOps ops;
  auto options = small_options(dir / "store");
  options.disk_full_percent = 90;
  options.disk_clean_forcibly_percent = 85;
  options.disk_clean_percent = 75;
  options.delete_when = "";
  auto store = open_store(options, clock, ops);
  auto& queue = store->queue("T", 0);
  auto& rare = store->queue("rare", 0);
  put(*store, rare, "r0");
  for (int i = 0; i < 1000; ++i)
    put(*store, queue, std::to_string(i) + std::string(1000, 'r'), "UNIQ_KEY\x01u" + std::to_string(i) + "\x02");
  dispatch_all(*store);
  const auto files = store->log().segments().size();
  CHECK(files > 15);
  auto held = store->get(&queue, {});
  REQUIRE(held.status == GetStatus::kFound);

  store->clean(true);
  CHECK(store->log().segments().size() == files);  // nothing is old
  ops.used_percent = 80;
  store->clean();
  CHECK(store->log().segments().size() == files);
  ops.used_percent = 86;
  store->clean();
  CHECK(store->log().segments().size() == files - 10);
  CHECK(store->write_state() == WriteState::kOpen);
  ops.used_percent = 10;
  CHECK(store->log().min_offset() == 10 * 64 * 1024);
  CHECK(queue.min_offset() > 500);
  CHECK(queue.max_offset() == 1000);
  CHECK(store->get(&queue, {}).next_offset == queue.min_offset());
  CHECK(rare.min_offset() == 1);  // its message is gone, its offset isn't
  CHECK(list_files(dir / "store/consumequeue/T/0").size() < 6);
  CHECK(list_files(dir / "store/commitlog").size() == files - 10);
  CHECK(protocol::decode_record(held.parts[0])->body.starts_with("0r"));  // still readable for who has it
  GetRequest request;
  request.offset = queue.min_offset();
  auto result = store->get(&queue, request);
  REQUIRE(result.status == GetStatus::kFound);
  CHECK(protocol::decode_record(result.parts[0])->queue_offset == queue.min_offset());

  clock.advance(73LL * 3'600'000);
  store->clean();
  CHECK(store->log().segments().size() == files - 10);  // not the hour for it
  store->clean(true);
  CHECK(store->log().segments().size() == 1);  // never the last
  CHECK(store->queue("rare", 0).max_offset() == 1);
  REQUIRE(store->close());
  store.reset();
  auto again = open_store(options, clock, ops);
  CHECK(again->queue("rare", 0).next_offset() == 1);
  CHECK(again->queue("T", 0).next_offset() == 1000);
  CHECK(put(*again, again->queue("rare", 0), "r1").queue_offset == 1);
  dispatch_all(*again);
  CHECK(bodies(*again, "rare", 0) == std::vector<std::string>{"r1"});
}

TEST_CASE("thousands of queues") {
  TempDir dir;
  ManualClock clock;
  CHECK(sizeof(TopicQueue) <= 128);
  auto options = small_options(dir / "store");
  options.commit_log_file_bytes = 1 << 20;
  options.max_open_queue_files = 64;
  constexpr int kTopics = 250, kQueues = 8;
  {
    auto store = open_store(options, clock);
    for (int round = 0; round < 3; ++round) {
      Collector collector;
      auto batch = std::make_unique<AppendBatch>();
      batch->listener = &collector;
      for (int t = 0; t < kTopics; ++t) {
        for (int q = 0; q < kQueues; ++q) {
          REQUIRE(batch->add(store->queue("topic-" + std::to_string(t), q), message(std::to_string(round))));
        }
      }
      REQUIRE(store->append(batch) == AppendStatus::kOk);
      dispatch_all(*store);
    }
    store->remove_topic("topic-7");
    dispatch_all(*store);
    CHECK(store->get(store->find_queue("topic-7", 0), {}).status == GetStatus::kOffsetTooSmall);
    CHECK(list_directories(dir / "store/consumequeue").size() == kTopics - 1);
    CHECK(put(*store, store->queue("topic-7", 0), "back").queue_offset == 3);
    dispatch_all(*store);
    CHECK(bodies(*store, "topic-7", 0) == std::vector<std::string>{"back"});
  }
  auto store = open_store(options, clock);
  CHECK(store->queues().size() == kTopics * kQueues - kQueues + 1);
  CHECK(bodies(*store, "topic-200", 5) == std::vector<std::string>{"0", "1", "2"});
  CHECK(bodies(*store, "topic-7", 0) == std::vector<std::string>{"back"});
}

}  // namespace
}  // namespace rmq::store
