// A replica's log: pieces of any size, garbage, logs that begin anywhere, and what readers may see.
#include <filesystem>

#include "broker/store/fault_ops.h"
#include "broker/store/replica_test_util.h"
#include "common/base/bytes.h"

namespace rmq::store {
namespace {

using namespace testing;
using rmq::testing::TempDir;
namespace fs = std::filesystem;

TEST_CASE("pieces of any size make the same log, and nobody sees a part of a record") {
  TempDir dir;
  ManualClock clock;
  auto master = open_store(small_options(dir / "master"), clock);
  write_history(*master, "a", 0, 300);
  const auto starts = record_starts(*master);
  for (const std::uint64_t piece : {1ULL, 7ULL, 100ULL, 1'000ULL, 32'768ULL, 1ULL << 20}) {
    auto replica = open_store(replica_options(dir / ("r" + std::to_string(piece))), clock);
    while (replica->replica_end() < master->log().max_offset()) {
      const auto at = replica->replica_end();
      const auto view = master->log().read_to_limit(at, at + piece);
      REQUIRE(replica->append_replica(at, view.bytes));
      const auto end = replica->log().max_offset();
      REQUIRE(end <= replica->replica_end());
      // Whole records, or whole files.
      const bool whole = end % (64 * 1024) == 0 || std::binary_search(starts.begin(), starts.end(), end) ||
                         master->log().read(end + 4, 4).bytes == std::string_view("\xCB\xD4\x31\x94", 4);
      if (!whole) REQUIRE_MESSAGE(whole, end);
    }
    check_same(*replica, *master);
    REQUIRE(replica->close());
    replica = nullptr;
    auto again = open_store(replica_options(dir / ("r" + std::to_string(piece))), clock);
    CHECK_FALSE(again->recovered_from_crash());
    check_same(*again, *master);
  }
}

TEST_CASE("a part of a record is begun anew after a lost connection, and forgotten over a restart") {
  TempDir dir;
  ManualClock clock;
  auto master = open_store(small_options(dir / "master"), clock);
  write_history(*master, "a", 0, 20);
  const auto options = replica_options(dir / "replica");
  auto replica = open_store(options, clock);
  const auto starts = record_starts(*master);
  REQUIRE(feed(*master, *replica, starts[5] + 50));
  CHECK(replica->log().max_offset() == starts[5]);
  CHECK(replica->replica_end() == starts[5] + 50);
  CHECK(replica->append_replica(starts[5] + 49, "x").error().kind == ErrorKind::kConflict);
  CHECK(replica->append_replica(starts[6], "x").error().kind == ErrorKind::kConflict);
  REQUIRE(replica->append_replica(starts[5], master->log().read(starts[5], 10).bytes));
  CHECK(replica->replica_end() == starts[5] + 10);
  replica = nullptr;
  replica = open_store(options, clock);
  CHECK(replica->replica_end() == starts[5]);
  REQUIRE(feed(*master, *replica));
  check_same(*replica, *master);
}

TEST_CASE("what is no log never gets into the log") {
  TempDir dir;
  ManualClock clock;
  auto master = open_store(small_options(dir / "master"), clock);
  write_history(*master, "a", 0, 10);
  const auto starts = record_starts(*master);
  auto options = replica_options(dir / "replica");
  options.max_replica_record_bytes = 50'000;
  auto replica = open_store(options, clock);
  REQUIRE(feed(*master, *replica, starts[4]));
  const std::string good(master->log().read(starts[4], starts[5] - starts[4]).bytes);
  const auto with = [&](std::size_t at, std::string_view bytes) {
    auto bad = good;
    bad.replace(at, bytes.size(), bytes);
    return bad;
  };
  const auto number = [](std::int32_t value) {
    std::string bytes;
    append_be(bytes, value);
    return bytes;
  };
  const std::vector<std::string> garbage = {
      std::string(100, '\0'),
      std::string(100, '\xff'),
      "GET / HTTP/1.1\r\n\r\n",
      with(0, number(0)),
      with(0, number(-5)),
      with(0, number(8)),
      with(0, number(INT32_MAX)),
      with(0, number(60'000)),  // more than we hold in memory
      with(4, number(0)),
      with(35, "\x7f"),                             // not its place
      with(84, number(1 << 20)),                    // the body's length
      with(20, "\xff"),                             // a queue offset below 0
      number(100) + number(protocol::kBlankMagic),  // the file ends somewhere else
      number(INT32_MIN) + number(protocol::kBlankMagic),
  };
  for (const auto& bytes : garbage) {
    for (const std::size_t piece : {bytes.size(), std::size_t{1}}) {
      Status status;
      for (std::size_t at = 0; at < bytes.size() && status; at += piece) {
        status = replica->append_replica(replica->replica_end(), std::string_view(bytes).substr(at, piece));
      }
      REQUIRE_FALSE(status);
      CHECK(status.error().kind == ErrorKind::kInvalid);
      CHECK(replica->replica_end() == starts[4]);
    }
  }
  // The good before the bad stays.
  CHECK_FALSE(replica->append_replica(starts[4], good + std::string(100, '\xff')));
  CHECK(replica->replica_end() == starts[5]);
  REQUIRE(feed(*master, *replica));
  check_same(*replica, *master);
}

TEST_CASE("a log begins where the master says: at a file, or within one") {
  TempDir dir;
  ManualClock clock;
  auto master = open_store(small_options(dir / "master"), clock);
  write_history(*master, "a", 0, 400);
  dispatch_all(*master);
  const auto starts = record_starts(*master);
  const auto file = std::uint64_t{64} * 1024;
  const auto within = *std::find_if(starts.begin(), starts.end(), [&](auto at) { return at > file + file / 2; });
  for (const auto start : {file, within, starts[1]}) {
    const auto options = replica_options(dir / ("r" + std::to_string(start)));
    auto replica = open_store(options, clock);
    CHECK(replica->append_replica(start, "not a record at all").error().kind == ErrorKind::kInvalid);
    CHECK(replica->replica_end() == start);
    CHECK(replica->append_replica(UINT64_MAX - 5, "x").error().kind == ErrorKind::kInvalid);
    const auto send = [&](MessageStore& to, std::uint64_t limit) {
      for (auto at = std::max(to.replica_end(), start); at < limit; at = to.replica_end()) {
        REQUIRE(to.append_replica(at, master->log().read_to_limit(at, at + 5'000).bytes));
      }
    };
    send(*replica, start + 20'000);
    CHECK(replica->log().min_offset() == start / file * file);
    // Over a crash, and over a clean stop.
    fs::copy(options.root, options.root + "c", fs::copy_options::recursive);
    auto copied = options;
    copied.root += "c";
    auto crashed = open_store(copied, clock);
    CHECK(crashed->log().max_offset() == replica->log().max_offset());
    REQUIRE(replica->close());
    replica = nullptr;
    replica = open_store(options, clock);
    for (auto* store : {crashed.get(), replica.get()}) {
      CHECK(store->log().max_offset() > start);
      send(*store, master->log().max_offset());
      dispatch_all(*store);
      CHECK(log_bytes(*store, start) == log_bytes(*master, start));
      CHECK(store->queues().of_topic("_").empty());
      for (int q = 0; q < 3; ++q) {
        auto& queue = store->queue("T", q);
        CHECK(queue.max_offset() == master->queue("T", q).max_offset());
        CHECK(bodies(*store, "T", q, queue.min_offset()) == bodies(*master, "T", q, queue.min_offset()));
        CHECK((queue.min_offset() > 0 || start == starts[1]));
      }
    }
    // It can be the master of a replica that begins with its oldest file.
    auto second = open_store(replica_options(options.root + "s"), clock);
    REQUIRE(feed(*replica, *second));
    check_same(*second, *replica);
  }
}

TEST_CASE("killed while a log begins within a file: the next start finds it, or an empty one") {
  TempDir dir;
  ManualClock clock;
  auto master = open_store(small_options(dir / "master"), clock);
  write_history(*master, "a", 0, 200);
  const auto starts = record_starts(*master);
  const auto start = *std::find_if(starts.begin(), starts.end(), [&](auto at) { return at > 100'000; });
  const auto bytes = master->log().read_to_limit(start, start + 10'000).bytes;
  bool finished = false;
  for (int after = 0; !finished; ++after) {
    auto options = replica_options(dir / ("r" + std::to_string(after)));
    FaultOps ops;
    auto replica = open_store(options, clock, ops);
    ops.dies_after = after;
    finished = replica->append_replica(start, bytes).has_value();
    fs::copy(options.root, options.root + "c", fs::copy_options::recursive);
    options.root += "c";
    auto again = open_store(options, clock);
    const auto end = again->replica_end();
    const bool whole =
        again->log().empty() || (end >= start && std::find(starts.begin(), starts.end(), end) != starts.end());
    CHECK_MESSAGE(whole, end);
    REQUIRE(
        again->append_replica(again->log().empty() ? start : end,
                              master->log().read_to_limit(again->log().empty() ? start : end, start + 10'000).bytes));
    CHECK(log_bytes(*again, start) == log_bytes(*master, start).substr(0, again->log().max_offset() - start));
    REQUIRE(after < 100);
  }
}

TEST_CASE("a lost log comes back from the master, and queues that outlived it go") {
  TempDir dir;
  ManualClock clock;
  auto master = open_store(small_options(dir / "master"), clock);
  write_history(*master, "a", 0, 400);
  const auto options = replica_options(dir / "replica");
  {
    auto replica = open_store(options, clock);
    REQUIRE(feed(*master, *replica, 100'000));
    dispatch_all(*replica);
  }
  fs::remove_all(options.root + "/commitlog");
  auto replica = open_store(options, clock);
  const auto end = replica->replica_end();
  CHECK(end == 128 * 1024);
  CHECK(replica->queue("T", 0).max_offset() > 0);
  auto fresh = open_store(replica_options(dir / "fresh"), clock);
  for (auto at = end; at < master->log().max_offset(); at = replica->replica_end()) {
    const auto bytes = master->log().read_to_limit(at, at + 10'000).bytes;
    REQUIRE(replica->append_replica(at, bytes));
    REQUIRE(fresh->append_replica(at, bytes));
  }
  check_same(*replica, *fresh);
  for (int q = 0; q < 3; ++q) CHECK(replica->queue("T", q).min_offset() == fresh->queue("T", q).min_offset());
}

TEST_CASE("readers see what is confirmed, also over a restart (8239)") {
  TempDir dir;
  ManualClock clock;
  auto master = open_store(small_options(dir / "master"), clock);
  write_history(*master, "a", 0, 200);
  dispatch_all(*master);
  const auto starts = record_starts(*master);
  auto options = replica_options(dir / "replica");
  options.dispatch_to_confirm_only = true;
  auto replica = open_store(options, clock);
  CHECK(replica->confirm_offset() == 0);
  REQUIRE(feed(*master, *replica));
  const auto seen = [](MessageStore& store) {
    dispatch_all(store);
    std::size_t count = 0;
    for (int q = 0; q < 3; ++q) {
      CHECK(bodies(store, "T", q).size() == static_cast<std::size_t>(store.queue("T", q).max_offset()));
      count += bodies(store, "T", q).size();
    }
    return count;
  };
  CHECK(seen(*replica) == 0);
  std::size_t before = 0;
  for (std::size_t i = 1; i <= 100; ++i) {
    replica->set_confirm_offset(starts[i] - 1);
    CHECK(seen(*replica) == before);
    CHECK_FALSE(replica->record_at(starts[i - 1]));
    CHECK(replica->query("T", "k" + std::to_string(i - 1), 10, 0, INT64_MAX).records.empty());
    replica->set_confirm_offset(starts[i]);
    before += (i - 1) % 7 == 3 ? 0 : 1;
    CHECK(seen(*replica) == before);
    CHECK(replica->record_at(starts[i - 1]));
    CHECK(replica->query("T", "k" + std::to_string(i - 1), 10, 0, INT64_MAX).records.size() == 1);
  }
  for (const bool clean : {false, true}) {
    if (clean) {
      REQUIRE(replica->close());
    } else {
      REQUIRE(replica->checkpoint());
    }
    auto copied = options;
    copied.root = dir / (clean ? "clean" : "crashed");
    fs::copy(options.root, copied.root, fs::copy_options::recursive);
    auto again = open_store(copied, clock);
    CHECK(again->confirm_offset() == starts[100]);
    CHECK(seen(*again) == before);
    CHECK(again->log().max_offset() == master->log().max_offset());
    for (int q = 0; q < 3; ++q) CHECK(again->queue("T", q).next_offset() == master->queue("T", q).next_offset());
    again->set_confirm_offset(UINT64_MAX);
    check_same(*again, *master);
  }
}

TEST_CASE("a full disk stops a replica, and space lets it go on") {
  TempDir dir;
  ManualClock clock;
  FaultOps ops;
  auto master = open_store(small_options(dir / "master"), clock);
  write_history(*master, "a", 0, 300);
  auto replica = open_store(replica_options(dir / "replica"), clock, ops);
  REQUIRE(feed(*master, *replica, 100'000));
  for (auto* fault : {&ops.full, &ops.full_files}) {
    *fault = true;
    auto status = feed(*master, *replica);
    REQUIRE_FALSE(status);
    CHECK(status.error().kind == ErrorKind::kFull);
    CHECK(replica->write_state() == WriteState::kReplica);
    *fault = false;
    REQUIRE(feed(*master, *replica, replica->log().max_offset() + 10'000));
  }
  REQUIRE(feed(*master, *replica));
  check_same(*replica, *master);
}

}  // namespace
}  // namespace rmq::store
