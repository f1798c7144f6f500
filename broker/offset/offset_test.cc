#include <doctest/doctest.h>

#include <filesystem>

#include "broker/offset/consumer_offsets.h"
#include "broker/offset/delay_offsets.h"
#include "common/base/file.h"
#include "common/testing/temp_dir.h"

namespace rmq::broker {
namespace {

struct Fixture {
  testing::TempDir dir;
  BrokerConfig config;
  ManualClock clock;

  Fixture() { config.store_path_root_dir = dir.path().string(); }
  std::string file(const std::string& name) { return config.config_path(name); }
};

// One life of the broker: loads, does something, stops in order.
template <class Table, class Work>
void live(Fixture& fixture, Work work) {
  Checkpointer checkpointer;
  Table table(fixture.config, checkpointer, fixture.clock);
  REQUIRE(table.load());
  checkpointer.start();
  work(table);
  CHECK(checkpointer.stop());
}

TEST_CASE("commits are there after an orderly stop") {
  Fixture fixture;
  live<ConsumerOffsets>(fixture, [](ConsumerOffsets& offsets) {
    CHECK_FALSE(offsets.query("g", "t", 0));
    offsets.commit("g", "t", 0, 5);
    offsets.commit("g", "t", 1, 0);
    offsets.commit("g", "t", 2, -1);
    offsets.commit("g2", "%RETRY%g2", 0, 1LL << 40);
    CHECK(offsets.query("g", "t", 0) == 5);
    CHECK(offsets.query("g", "t", 1) == 0);
    CHECK_FALSE(offsets.query("g", "t", 2));
  });
  CHECK(*read_file(fixture.file("consumerOffset.json")) ==
        "{\n\t\"dataVersion\":{\n\t\t\"counter\":0,\n\t\t\"stateVersion\":0,\n\t\t\"timestamp\":1700000000000\n\t},\n"
        "\t\"groupTopicMap\":{\n\t\t\"g\":[\n\t\t\t\"t\"\n\t\t],\n\t\t\"g2\":[\n\t\t\t\"%RETRY%g2\"\n\t\t]\n\t},\n"
        "\t\"offsetTable\":{\n\t\t\"%RETRY%g2@g2\":{\n\t\t\t0:1099511627776\n\t\t},\n\t\t\"t@g\":{\n\t\t\t0:5,"
        "\n\t\t\t1:0\n\t\t}\n\t},\n"
        "\t\"pullOffsetTable\":{}\n}");
  live<ConsumerOffsets>(fixture, [](ConsumerOffsets& offsets) {
    CHECK(offsets.query("g", "t", 0) == 5);
    CHECK(offsets.query("g2", "%RETRY%g2", 0) == 1LL << 40);
  });
}

TEST_CASE(
    "the file before the last stands in for a lost or torn one; with none that works it is an error, not an empty "
    "table") {
  Fixture fixture;
  REQUIRE(replace_file(fixture.file("consumerOffset.json.bak"), R"({"offsetTable":{"t@g":{"0":7}}})"));
  live<ConsumerOffsets>(fixture, [](ConsumerOffsets& offsets) { CHECK(offsets.query("g", "t", 0) == 7); });
  for (std::string_view text : {R"({"offsetTable":{"t@g":{"0":7}})", R"({"offsetTable":{"t@g":{"x":7}}})",
                                R"({"offsetTable":{"t@g":{"0":"7"}}})", R"({"offsetTable":[]})", R"([])"}) {
    CAPTURE(text);
    REQUIRE(replace_file(fixture.file("consumerOffset.json"), text));
    Checkpointer checkpointer;
    std::filesystem::remove(fixture.file("consumerOffset.json.bak"));
    ConsumerOffsets offsets(fixture.config, checkpointer, fixture.clock);
    CHECK_FALSE(offsets.load());
    REQUIRE(replace_file(fixture.file("consumerOffset.json.bak"), R"({"offsetTable":{"t@g":{"0":7}}})"));
    CHECK(offsets.load());
    CHECK(offsets.query("g", "t", 0) == 7);
  }
}

TEST_CASE("what another release wrote and we don't know is kept") {
  Fixture fixture;
  REQUIRE(replace_file(
      fixture.file("consumerOffset.json"),
      R"({"dataVersion":{"counter":9,"stateVersion":0,"timestamp":5},"offsetTable":{"odd key":{3:4},"t@g":{0:1}},)"
      R"("future":{"a":[1,2]},"groupTopicMap":{"gone":["t"]},"pullOffsetTable":{"t@g":{0:1}}})"));
  live<ConsumerOffsets>(fixture, [](ConsumerOffsets& offsets) {
    CHECK(offsets.data_version().counter == 9);
    offsets.commit("g", "t", 0, 2);
  });
  auto text = *read_file(fixture.file("consumerOffset.json"));
  CHECK(text.find("\"odd key\":{\n\t\t\t3:4") != std::string::npos);
  CHECK(text.find("gone") == std::string::npos);
  CHECK(text.find("\"future\":{\n\t\t\"a\":[") != std::string::npos);
}

TEST_CASE("the data version steps with the commits") {
  Fixture fixture;
  fixture.config.consumer_offset_update_version_step = 10;
  live<ConsumerOffsets>(fixture, [](ConsumerOffsets& offsets) {
    for (int i = 1; i <= 25; ++i) offsets.commit("g", "t", 0, i);
    CHECK(offsets.data_version().counter == 2);
  });
}

TEST_CASE("resets come first until they are fetched") {
  Fixture fixture;
  live<ConsumerOffsets>(fixture, [&](ConsumerOffsets& offsets) {
    offsets.commit("g", "t", 0, 100);
    offsets.assign_reset("g", "t", 0, 10);
    offsets.commit("g", "t", 0, 101);  // a client that knows nothing of it yet
    CHECK(offsets.has_reset("g", "t", 0));
    CHECK(offsets.query("g", "t", 0) == 10);
    fixture.config.use_server_side_reset_offset = false;
    CHECK(offsets.query("g", "t", 0) == 101);
    CHECK(offsets.take_reset("g", "t", 0) == 10);
    CHECK_FALSE(offsets.take_reset("g", "t", 0));
  });
}

TEST_CASE("who consumed what; removal; cloning; pulls") {
  Fixture fixture;
  live<ConsumerOffsets>(fixture, [](ConsumerOffsets& offsets) {
    offsets.commit("g1", "t1", 0, 1);
    offsets.commit("g1", "t2", 0, 2);
    offsets.commit("g2", "t1", 0, 3);
    CHECK(offsets.topics_of("g1") == std::set<std::string>{"t1", "t2"});
    CHECK(offsets.groups_of("t1") == std::set<std::string>{"g1", "g2"});
    offsets.clone("g1", "g3", "t1");
    CHECK(offsets.query("g3", "t1", 0) == 1);
    offsets.remove_group("g1");
    CHECK(offsets.topics_of("g1").empty());
    offsets.remove_topic("t1");
    CHECK(offsets.groups_of("t1").empty());

    offsets.commit("g", "t", 0, 5);
    CHECK(offsets.query_pull("g", "t", 0) == 5);
    offsets.commit_pull("g", "t", 0, 9);
    CHECK(offsets.query_pull("g", "t", 0) == 9);
  });
}

TEST_CASE("issue 4215: an offset that does not fit goes to the nearer end, never to 0") {
  CHECK(clamp_offset(50, 10, 40) == 40);
  CHECK(clamp_offset(5, 10, 40) == 10);
  CHECK(clamp_offset(20, 10, 40) == 20);
  CHECK(clamp_offset(40, 10, 40) == 40);
  CHECK(clamp_offset(7, 0, 0) == 0);  // an empty queue
}

TEST_CASE("delay levels") {
  Fixture fixture;
  live<DelayOffsets>(fixture, [](DelayOffsets& offsets) {
    CHECK(offsets.get(3) == 0);
    offsets.set(3, 12);
    offsets.set(18, 7);
  });
  live<DelayOffsets>(fixture, [](DelayOffsets& offsets) {
    CHECK(offsets.get(3) == 12);
    CHECK(offsets.all() == QueueOffsets{{3, 12}, {18, 7}});
    CHECK(offsets.encode() ==
          R"({"dataVersion":{"counter":0,"stateVersion":0,"timestamp":1700000000000},"offsetTable":{3:12,18:7}})");
  });
}

}  // namespace
}  // namespace rmq::broker
