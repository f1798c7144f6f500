// Cutting a replica's log, and beginning it anew: at any place, killed at any moment (apache/rocketmq 10666).
#include <filesystem>

#include "broker/store/fault_ops.h"
#include "broker/store/replica_test_util.h"

namespace rmq::store {
namespace {

using namespace testing;
using rmq::testing::TempDir;
namespace fs = std::filesystem;

// Two histories that part at `cut`: the replica followed the old one, the new master never had the rest of it.
struct Parted {
  Parted(const std::string& folder, const Clock& clock, int before, int after) {
    old = open_store(small_options(folder + "/old"), clock);
    write_history(*old, "shared", 0, before);
    cut = old->log().max_offset();
    write_history(*old, "lost", before, after);
    next = open_store(replica_options(folder + "/new"), clock);
    REQUIRE(feed(*old, *next, cut));
    REQUIRE(next->become_master({.epoch = 2}));
    write_history(*next, "other", before, after + 20);
  }
  std::unique_ptr<MessageStore> old, next;
  std::uint64_t cut = 0;
};

void copy_folder(const std::string& from, const std::string& to) {
  fs::remove_all(to);
  fs::copy(from, to, fs::copy_options::recursive);
}

TEST_CASE("a cut at any record leaves what a replica has that never got more") {
  TempDir dir;
  ManualClock clock;
  auto old = open_store(small_options(dir / "old"), clock);
  write_history(*old, "a", 0, 260);
  const auto starts = record_starts(*old);
  FaultOps ops;  // does not sync: quicker
  for (std::size_t at = 0; at < starts.size(); at += 13) {
    auto replica = open_store(replica_options(dir / ("r" + std::to_string(at))), clock, ops);
    REQUIRE(feed(*old, *replica));
    if (at % 2 == 0) replica->set_confirm_offset(starts[starts.size() * 2 / 3]);  // not all is dispatched
    dispatch_all(*replica);
    if (at % 3 == 0) REQUIRE(replica->checkpoint());
    auto fresh = open_store(replica_options(dir / ("f" + std::to_string(at))), clock, ops);
    REQUIRE(feed(*old, *fresh, starts[at]));
    const auto held = replica->log().read_record(starts[0]);
    REQUIRE(replica->truncate_to(starts[at]));
    CHECK(held.bytes.size() == starts[1] - starts[0]);
    CHECK((held.bytes[4] == '\0') == (at == 0));  // still mapped
    CHECK((replica->confirm_offset() <= starts[at] || replica->confirm_offset() == UINT64_MAX));
    CHECK(replica->log().max_offset() == starts[at]);
    if (at + 1 < starts.size()) CHECK(replica->log().flushed_offset() == starts[at]);
    for (int q = 0; q < 3; ++q) CHECK(replica->queue("T", q).next_offset() == fresh->queue("T", q).next_offset());
    replica->set_confirm_offset(UINT64_MAX);
    check_same(*replica, *fresh);
    // And it goes on from there.
    REQUIRE(feed(*old, *replica, starts[at] + 30'000));
    REQUIRE(feed(*old, *fresh, starts[at] + 30'000));
    check_same(*replica, *fresh);
  }
}

TEST_CASE("what can't be cut is refused") {
  TempDir dir;
  ManualClock clock;
  Parted parted(dir / "p", clock, 150, 50);
  auto replica = open_store(replica_options(dir / "replica"), clock);
  REQUIRE(feed(*parted.old, *replica));
  const auto end = replica->log().max_offset();
  CHECK(replica->truncate_to(parted.cut + 1).error().kind == ErrorKind::kInvalid);
  REQUIRE(replica->truncate_to(end));
  REQUIRE(replica->truncate_to(end + 100));
  CHECK(replica->log().max_offset() == end);
  dispatch_all(*replica);
  clock.set(SystemClock().wall_ms() + 100LL * 3600 * 1000);  // files have the system's time
  replica->clean(true);                                      // the oldest file goes on replicas as well
  REQUIRE(replica->log().min_offset() > 0);
  CHECK(replica->truncate_to(0).error().kind == ErrorKind::kNotFound);
  CHECK(replica->log().max_offset() == end);
}

// Kills the replica after each operation of `change`, starts it again, and lets it come back with `mend`.
template <class Change, class Mend>
void kill_everywhere(const std::string& folder, const Clock& clock, Parted& parted, bool checkpointed, Change change,
                     Mend mend) {
  const auto base = replica_options(folder + "/base");
  {
    auto replica = open_store(base, clock);
    REQUIRE(feed(*parted.old, *replica, parted.cut - 30'000));
    dispatch_all(*replica);
    REQUIRE(replica->checkpoint());
    REQUIRE(feed(*parted.old, *replica));
    dispatch_all(*replica);
    if (checkpointed) REQUIRE(replica->checkpoint());
    copy_folder(base.root, folder + "/copy");  // as a crash would leave it
  }
  bool finished = false;
  int after = 0;
  for (; !finished; ++after) {
    REQUIRE(after < 400);
    auto options = base;
    options.root = folder + "/k";
    copy_folder(folder + "/copy", options.root);
    FaultOps ops;
    auto replica = open_store(options, clock, ops);
    ops.dies_after = after;
    finished = change(*replica).has_value();
    auto again_options = base;
    again_options.root = folder + "/again";
    copy_folder(options.root, again_options.root);
    FaultOps quick;
    auto again = open_store(again_options, clock, quick);
    // What is there is a beginning of the old log.
    const auto end = again->log().max_offset();
    CHECK(log_bytes(*again, again->log().min_offset()) == log_bytes(*parted.old, 0).substr(0, end));
    mend(*again);
    REQUIRE(feed(*parted.next, *again));
    check_same(*again, *parted.next);
    // A second crash after that: what was written since isn't mixed up with what was cut.
    if (after % 2 == 1) REQUIRE(again->checkpoint());
    auto third_options = base;
    third_options.root = folder + "/third";
    copy_folder(again_options.root, third_options.root);
    auto third = open_store(third_options, clock, quick);
    check_same(*third, *parted.next);
    // The same process may try again, too.
    ops.revive();
    if (replica->write_state() == WriteState::kBroken) continue;
    mend(*replica);
    if (after / 2 % 2 == 1) {
      REQUIRE(replica->close());
      replica = nullptr;
      replica = open_store(options, clock, ops);
      CHECK_FALSE(replica->recovered_from_crash());
      for (int q = 0; q < 3; ++q)
        CHECK(replica->queue("T", q).next_offset() <= parted.next->queue("T", q).next_offset());
    }
    REQUIRE(feed(*parted.next, *replica));
    check_same(*replica, *parted.next);
  }
  CHECK(after > 8);  // it did die on the way
}

TEST_CASE("killed at any moment of a cut, the next start or the next try mends it (10666)") {
  TempDir dir;
  ManualClock clock;
  Parted parted(dir / "p", clock, 220, 230);
  for (const bool checkpointed : {false, true}) {
    const auto cut = [&](MessageStore& store) { return store.truncate_to(parted.cut); };
    kill_everywhere(dir / (checkpointed ? "c" : "n"), clock, parted, checkpointed, cut, [&](MessageStore& store) {
      CHECK(store.log().max_offset() >= parted.cut);
      REQUIRE(store.truncate_to(parted.cut));
      CHECK(store.log().max_offset() == parted.cut);
    });
  }
}

TEST_CASE("killed at any moment of a reset, the next start or the next try mends it") {
  TempDir dir;
  ManualClock clock;
  Parted parted(dir / "p", clock, 220, 230);
  const auto reset = [&](MessageStore& store) { return store.reset_to(0); };
  kill_everywhere(dir / "k", clock, parted, true, reset, [&](MessageStore& store) {
    REQUIRE(store.reset_to(0));
    CHECK(store.log().empty());
    for (int q = 0; q < 3; ++q) CHECK(store.queue("T", q).next_offset() == 0);
  });
}

TEST_CASE("a power cut around a cut of the log leaves nothing of the old end") {
  TempDir dir;
  ManualClock clock;
  std::mt19937 random(3);
  Parted parted(dir / "p", clock, 200, 200);
  for (int round = 0; round < 12; ++round) {
    FaultOps ops;
    const auto options = replica_options(dir / ("r" + std::to_string(round)));
    auto replica = open_store(options, clock, ops);
    REQUIRE(feed(*parted.old, *replica));
    dispatch_all(*replica);
    REQUIRE(replica->checkpoint());
    ops.dies_after = static_cast<int>(random() % 40);
    (void)replica->truncate_to(parted.cut);
    if (!ops.dead()) REQUIRE(feed(*parted.next, *replica, parted.cut + random() % 40'000));
    auto cut_options = options;
    cut_options.root += "c";
    ops.power_cut(options.root, cut_options.root, random);
    FaultOps quick;
    auto again = open_store(cut_options, clock, quick);
    REQUIRE(again->log().max_offset() >= parted.cut);
    REQUIRE(again->truncate_to(parted.cut));
    REQUIRE(feed(*parted.next, *again));
    check_same(*again, *parted.next);
  }
}

TEST_CASE("a reset begins where the master's oldest file does") {
  TempDir dir;
  ManualClock clock;
  Parted parted(dir / "p", clock, 300, 100);
  auto options = replica_options(dir / "replica");
  auto replica = open_store(options, clock);
  REQUIRE(feed(*parted.old, *replica, 20'000));
  dispatch_all(*replica);
  REQUIRE(replica->reset_to(64 * 1024));
  CHECK(replica->log().max_offset() == 64 * 1024);
  CHECK(replica->query("T", "k1", 10, 0, INT64_MAX).records.empty());
  REQUIRE(feed(*parted.next, *replica));
  dispatch_all(*replica);
  CHECK(log_bytes(*replica, 64 * 1024) == log_bytes(*parted.next, 64 * 1024));
  for (int q = 0; q < 3; ++q) {
    auto& queue = replica->queue("T", q);
    CHECK(queue.next_offset() == parted.next->queue("T", q).next_offset());
    CHECK(queue.min_offset() > 0);
  }
  // A master of an empty log that was to begin within a file begins with the next.
  auto empty = open_store(replica_options(dir / "empty"), clock);
  REQUIRE(empty->reset_to(100'000));
  REQUIRE(empty->become_master({}));
  CHECK(put(*empty, empty->queue("T", 0), "first").physical_offset == 128 * 1024);
  dispatch_all(*empty);
  CHECK(bodies(*empty, "T", 0) == std::vector<std::string>{"first"});
}

}  // namespace
}  // namespace rmq::store
