#include "broker/replication/membership/identity.h"

#include <unistd.h>

#include <doctest/doctest.h>

#include <filesystem>

#include "common/base/file.h"

namespace rmq::replication {
namespace {

struct Folder {
  Folder() : path(std::filesystem::temp_directory_path() / ("rmq-identity-" + std::to_string(::getpid()))) {
    std::filesystem::create_directories(path);
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::string file() const { return (path / "brokerIdentity").string(); }
  std::filesystem::path path;
};

const BrokerIdentity kWanted{"DefaultCluster", "broker-a", 2, "127.0.0.1:10911;1700000000000"};

TEST_CASE("the original's format") {
  CHECK(format_identity(kWanted) == "DefaultCluster#broker-a#2#127.0.0.1:10911;1700000000000");
  CHECK(parse_identity("DefaultCluster#broker-a#2").value() == BrokerIdentity{"DefaultCluster", "broker-a", 2, {}});
  CHECK(parse_identity("DefaultCluster#broker-a#2#127.0.0.1:10911;1700000000000\n").value() == kWanted);
  for (const char* bad : {"", "a#b", "a#b#c", "a#b#0", "a#b#-1", "#b#1", "a##1", "a#b#1x", "a#b#1#c#d"}) {
    CAPTURE(bad);
    REQUIRE_FALSE(parse_identity(bad));
    CHECK(parse_identity(bad).error().kind == ErrorKind::kCorrupt);
  }
}

TEST_CASE("asked for, granted, found again") {
  const Folder folder;
  const IdentityFiles files(folder.file());
  CHECK(files.load().value() == std::nullopt);
  CHECK(files.load_temporary().value() == std::nullopt);

  REQUIRE(files.save_temporary(kWanted));
  CHECK(files.load().value() == std::nullopt);
  CHECK(files.load_temporary().value() == kWanted);

  REQUIRE(files.save(kWanted));
  CHECK(read_file(folder.file()).value() == "DefaultCluster#broker-a#2");
  CHECK(files.load_temporary().value() == std::nullopt);
}

TEST_CASE("a damaged file stops the broker instead of taking another id") {
  const Folder folder;
  REQUIRE(replace_file(folder.file(), "DefaultClus"));
  const auto loaded = IdentityFiles(folder.file()).load();
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().kind == ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace rmq::replication
