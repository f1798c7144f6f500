#include <doctest/doctest.h>

#include <filesystem>

#include "broker/replication/epoch/epoch_file.h"
#include "broker/replication/epoch/follow_file.h"
#include "common/base/file.h"
#include "common/testing/temp_dir.h"

namespace rmq::replication {
namespace {

EpochList epochs(std::vector<EpochEntry> entries) {
  auto list = EpochList::from_entries(std::move(entries));
  REQUIRE(list);
  return *list;
}

TEST_CASE("the epoch file is the original's") {
  // The example of the original's CheckpointFile.
  const std::string golden = "2\n773307083\n7-7000\n8-8000\n";
  CHECK(format_epochs(epochs({{7, 7000}, {8, 8000}})) == golden);
  auto parsed = parse_epochs(golden);
  REQUIRE(parsed);
  CHECK(parsed->entries() == std::vector<EpochEntry>{{7, 7000}, {8, 8000}});
  CHECK(parse_epochs("1\n0\n7-7000\n"));  // unchecked
}

TEST_CASE("a damaged epoch file is seen") {
  CHECK_FALSE(parse_epochs(""));
  CHECK_FALSE(parse_epochs("2\n"));
  CHECK_FALSE(parse_epochs("2\n773307083\n7-7000\n8-8001\n"));
  CHECK_FALSE(parse_epochs("3\n773307083\n7-7000\n8-8000\n"));
  CHECK_FALSE(parse_epochs("2\n0\n8-8000\n7-7000\n"));
  CHECK_FALSE(parse_epochs("1\n0\n7--5\n"));
  CHECK_FALSE(parse_epochs("1\n0\nx-5\n"));
  CHECK_FALSE(parse_epochs("99999999999\n0\n"));
}

TEST_CASE("epochs survive a restart") {
  testing::TempDir directory;
  const auto path = directory / "epochFileCheckpoint";
  EpochStore store(path);
  REQUIRE(store.load(0));
  CHECK(store.list().empty());
  REQUIRE(store.append({1, 0}));
  REQUIRE(store.append({3, 500}));
  CHECK(store.append({2, 600}).error().kind == ErrorKind::kConflict);
  CHECK(store.last_epoch() == 3);

  EpochStore again(path);
  REQUIRE(again.load(1000));
  CHECK(again.list() == epochs({{1, 0}, {3, 500}}));
  // The log lost its tail in a crash: the entry that starts beyond it says nothing any more.
  EpochStore shorter(path);
  REQUIRE(shorter.load(400));
  CHECK(shorter.list() == epochs({{1, 0}}));
}

TEST_CASE("an emptied list stays empty, with no backup to come back from") {
  testing::TempDir directory;
  const auto path = directory / "epochFileCheckpoint";
  EpochStore store(path);
  REQUIRE(store.append({1, 0}));
  REQUIRE(store.append({2, 10}));
  REQUIRE(store.replace(EpochList()));
  EpochStore again(path);
  REQUIRE(again.load(1000));
  CHECK(again.list().empty());
  CHECK(std::filesystem::is_empty(directory.path()));
}

TEST_CASE("the backup serves when the file is damaged, as with the original") {
  testing::TempDir directory;
  const auto path = directory / "epochFileCheckpoint";
  EpochStore store(path);
  REQUIRE(store.append({1, 0}));
  REQUIRE(store.append({2, 10}));
  REQUIRE(replace_file(path + ".tmp", "2\n1\n1-0\n2-"));
  std::filesystem::rename(path + ".tmp", path);
  EpochStore again(path);
  REQUIRE(again.load(1000));
  CHECK(again.list() == epochs({{1, 0}}));
}

TEST_CASE("epochs of deleted files go") {
  testing::TempDir directory;
  EpochStore store(directory / "epochFileCheckpoint");
  REQUIRE(store.append({1, 0}));
  REQUIRE(store.append({2, 100}));
  REQUIRE(store.append({3, 200}));
  REQUIRE(store.truncate_prefix(150));
  CHECK(store.list() == epochs({{2, 100}, {3, 200}}));
  REQUIRE(store.truncate_prefix(5000));
  CHECK(store.list() == epochs({{3, 200}}));
}

TEST_CASE("promises survive a restart, and damage to them is not overlooked") {
  testing::TempDir directory;
  const auto path = directory / "promisedEpochs";
  auto none = load_follow_state(path);
  REQUIRE(none);
  CHECK(*none == FollowState{});
  const FollowState state{.accepted_epoch = 5, .promised_epoch = 6};
  REQUIRE(store_follow_state(path, state));
  auto loaded = load_follow_state(path);
  REQUIRE(loaded);
  CHECK(*loaded == state);
  auto text = format_follow_state(state);
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto damaged = text;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    CHECK_FALSE(parse_follow_state(damaged));
    CHECK_FALSE(parse_follow_state(text.substr(0, i)));
  }
  REQUIRE(replace_file(path, "accepted=1\n"));
  CHECK(load_follow_state(path).error().kind == ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace rmq::replication
