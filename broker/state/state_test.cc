#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <thread>

#include "broker/state/checkpointer.h"
#include "broker/state/pretty_json.h"
#include "broker/state/read_mostly_map.h"
#include "common/base/file.h"
#include "common/testing/temp_dir.h"

namespace rmq::broker {
namespace {

using namespace std::chrono_literals;

TEST_CASE("read-mostly map: what was written is found, pointers outlive changes") {
  ReadMostlyMap<std::string> map;
  CHECK(map.find("a") == nullptr);
  map.put("a", std::make_shared<const std::string>("1"));
  auto first = map.find("a");
  REQUIRE(first);
  map.put("a", std::make_shared<const std::string>("2"));
  CHECK(*first == "1");
  CHECK(*map.find("a") == "2");
  map.erase("a");
  map.erase("a");
  CHECK(map.find("a") == nullptr);
  CHECK(*first == "1");

  std::vector<std::pair<std::string, std::shared_ptr<const std::string>>> many;
  for (int i = 0; i < 1000; ++i)
    many.emplace_back(std::to_string(i), std::make_shared<const std::string>(std::to_string(i)));
  map.put_all(std::move(many));
  CHECK(map.size() == 1000);
  CHECK(map.all().size() == 1000);
  CHECK(*map.find("777") == "777");
}

TEST_CASE("read-mostly map: many maps on a thread don't mix") {
  std::vector<std::unique_ptr<ReadMostlyMap<int>>> maps;
  for (int i = 0; i < 20; ++i) {
    maps.push_back(std::make_unique<ReadMostlyMap<int>>());
    maps.back()->put("x", std::make_shared<const int>(i));
  }
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 20; ++i) CHECK(*maps[static_cast<std::size_t>(i)]->find("x") == i);
  }
}

TEST_CASE("read-mostly map: a reader sees a write that happened before") {
  ReadMostlyMap<int> map;
  map.put("x", std::make_shared<const int>(0));
  std::atomic<int> written{0};
  std::atomic<bool> wrong{false};
  std::thread reader([&] {
    for (int seen = 0; seen < 2000;) {
      seen = written.load(std::memory_order_acquire);
      if (*map.find("x") < seen) wrong = true;
    }
  });
  for (int i = 1; i <= 2000; ++i) {
    map.put("x", std::make_shared<const int>(i));
    written.store(i, std::memory_order_release);
  }
  reader.join();
  CHECK_FALSE(wrong);
}

TEST_CASE("a flush is on the disk when it is answered; flushes share a write") {
  testing::TempDir dir;
  std::string path = dir / "config/x.json";
  std::atomic<int> content{0};
  std::atomic<int> writes{0};
  Checkpointer checkpointer;
  auto file = checkpointer.add(path, 1h, [&] {
    ++writes;
    return std::to_string(content.load());
  });
  // Asked before the start: all of them share the first write.
  std::vector<std::future<Status>> answers;
  for (int i = 0; i < 100; ++i) {
    auto promise = std::make_shared<std::promise<Status>>();
    answers.push_back(promise->get_future());
    checkpointer.flush(file, [promise](Status status) { promise->set_value(std::move(status)); });
  }
  checkpointer.start();
  for (auto& answer : answers) CHECK(answer.get());
  CHECK(writes == 1);
  content = 7;
  CHECK(checkpointer.flush_and_wait(file));
  CHECK(read_file(path) == "7");
  CHECK(read_file(path + ".bak") == "0");
}

TEST_CASE("what was touched is written within the interval, at the latest when it stops") {
  testing::TempDir dir;
  Checkpointer checkpointer;
  std::promise<void> soon_written;
  bool told = false;
  auto soon = checkpointer.add(dir / "soon", 1ms, [&] {
    if (!told) soon_written.set_value();
    told = true;
    return "soon";
  });
  auto later = checkpointer.add(dir / "later", 1h, [] { return "later"; });
  checkpointer.add(dir / "untouched", 1ms, [] { return "untouched"; });
  checkpointer.start();
  checkpointer.touch(later);
  checkpointer.touch(soon);
  soon_written.get_future().get();
  CHECK_FALSE(std::filesystem::exists(dir / "later"));
  CHECK(checkpointer.stop());
  CHECK(read_file(dir / "soon") == "soon");
  CHECK(read_file(dir / "later") == "later");
  CHECK_FALSE(std::filesystem::exists(dir / "untouched"));
  CHECK(checkpointer.flush_and_wait(soon).error().kind == ErrorKind::kUnavailable);
}

TEST_CASE("a write that fails is told, remembered and tried again") {
  testing::TempDir dir;
  REQUIRE(replace_file(dir / "not", "a file where a folder should be"));
  Checkpointer checkpointer;
  auto file = checkpointer.add(dir / "not/there", 1h, [] { return "x"; });
  checkpointer.start();
  CHECK_FALSE(checkpointer.flush_and_wait(file));
  CHECK_FALSE(checkpointer.health());
  std::filesystem::remove(dir / "not");
  CHECK(checkpointer.flush_and_wait(file));
  CHECK(checkpointer.health());
}

TEST_CASE("pretty JSON looks as the original's") {
  CHECK(pretty_json(R"({"e":{},"l":["a","b"],"m":[],"offsetTable":{"T@G":{0:5,1:6}},"pullOffsetTable":{}})") ==
        "{\n\t\"e\":{},\n\t\"l\":[\n\t\t\"a\",\n\t\t\"b\"\n\t],\n\t\"m\":[\n\t\t\n\t],\n\t\"offsetTable\":{\n\t\t\"T@"
        "G\":{\n"
        "\t\t\t0:5,\n\t\t\t1:6\n\t\t}\n\t},\n\t\"pullOffsetTable\":{}\n}");
  CHECK(pretty_json(R"({"a":"{\",[\\"})") == "{\n\t\"a\":\"{\\\",[\\\\\"\n}");
  CHECK(pretty_json(R"("open\)") == R"("open\)");  // not JSON: no harm
}

}  // namespace
}  // namespace rmq::broker
