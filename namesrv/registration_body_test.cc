#include "namesrv/registration_body.h"

#include <doctest/doctest.h>
#include <zlib.h>

#include "common/base/bytes.h"

using namespace rmq;
using namespace rmq::namesrv;

namespace {

constexpr std::string_view kPlain =
    R"({"filterServerList":["f:1"],"topicConfigSerializeWrapper":{"dataVersion":{"counter":3,"stateVersion":1,"timestamp":1795289460397},)"
    R"("mappingDataVersion":{"counter":0,"stateVersion":0,"timestamp":1795289460397},"topicConfigTable":{"T1":{"attributes":{"a":"{\"b\":[1]}"},)"
    R"("order":false,"perm":6,"readQueueNums":8,"topicFilterType":"SINGLE_TAG","topicName":"T1","topicSysFlag":2,"writeQueueNums":4},)"
    R"("T\u00e92":{"perm":4}},"topicQueueMappingDetailMap":{},"topicQueueMappingInfoMap":{"T1":{"bname":"br-a",)"
    R"("currIdMap":{0:1,"2":1,10:1},"dirty":false,"epoch":5,"scope":"__global__","topic":"T1","totalQueues":8}}}})";

std::string deflate(const std::string& bytes) {
  auto size = ::compressBound(bytes.size());
  std::string out(size, '\0');
  ::compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(),
              9);
  out.resize(size);
  return out;
}
std::string block(std::string_view text) {
  std::string out;
  append_be<std::int32_t>(out, static_cast<std::int32_t>(text.size()));
  return out + std::string(text);
}
std::string count(std::int32_t n) {
  std::string out;
  append_be(out, n);
  return out;
}
std::string compressed_text() {
  return block(R"({"counter":3,"stateVersion":1,"timestamp":7})") + count(2) +
         block("T1 8 4 6 SINGLE_TAG {\"a\":\"b\"}") + block("%RETRY%g 1 1 6 SINGLE_TAG ") + block(R"(["f:1"])") +
         count(1) +
         block(R"({"bname":"br-a","currIdMap":{0:1},"dirty":true,"epoch":5,"scope":"s","topic":"T1","totalQueues":8})");
}

}  // namespace

TEST_CASE("plain registration bodies") {
  RegistrationBody body;
  REQUIRE(decode_registration(kPlain, false, 513, body));
  CHECK(body.version == DataVersion{1, 1795289460397, 3});
  REQUIRE(body.topics.size() == 2);
  CHECK(body.topics[0].name == "T1");
  CHECK(body.topics[0].shape == QueueShape{8, 4, 6, 2});
  CHECK(body.topics[1].name ==
        "T\xC3\xA9"
        "2");
  CHECK(body.topics[1].shape == QueueShape{16, 16, 4, 0});
  REQUIRE(body.mappings.size() == 1);
  CHECK(body.mappings[0].current_ids == std::vector<std::pair<int, int>>{{0, 1}, {2, 1}, {10, 1}});
  CHECK(body.mappings[0].total_queues == 8);
  CHECK(body.filter_servers == std::vector<std::string>{"f:1"});
}

TEST_CASE("an absent body is an empty registration; old brokers send the wrapper alone") {
  RegistrationBody nothing;
  CHECK(decode_registration("", false, 513, nothing));
  CHECK(nothing.topics.empty());
  CHECK(!nothing.filter_servers);
  RegistrationBody old;
  CHECK(decode_registration(R"({"dataVersion":{"counter":9},"topicConfigTable":{"T":{}}})", false, 30, old));
  CHECK(old.version.counter == 9);
  CHECK(old.topics.size() == 1);
}

TEST_CASE("compressed registration bodies, with mappings from 5.0.0 on") {
  RegistrationBody body;
  REQUIRE(decode_registration(deflate(compressed_text()), true, 413, body));
  CHECK(body.version == DataVersion{1, 7, 3});
  REQUIRE(body.topics.size() == 2);
  CHECK(body.topics[0].shape == QueueShape{8, 4, 6, 0});
  CHECK(body.topics[1].name == "%RETRY%g");
  CHECK(body.filter_servers == std::vector<std::string>{"f:1"});
  REQUIRE(body.mappings.size() == 1);
  CHECK(body.mappings[0].dirty);
  RegistrationBody undeclared;  // as 5.5.0 sends it with compressedRegister=true
  REQUIRE(decode_registration(deflate(compressed_text()), false, 513, undeclared));
  CHECK(undeclared.topics.size() == 2);
  RegistrationBody older;
  REQUIRE(decode_registration(deflate(compressed_text()), true, 411, older));
  CHECK(older.mappings.empty());
}

TEST_CASE("torn and hostile bodies are errors") {
  for (std::size_t size = 1; size < kPlain.size(); ++size) {
    RegistrationBody body;
    CHECK_MESSAGE(!decode_registration(kPlain.substr(0, size), false, 513, body), size);
  }
  auto compressed = deflate(compressed_text());
  for (std::size_t size = 1; size < compressed.size(); ++size) {
    RegistrationBody body;
    CHECK_MESSAGE(!decode_registration(compressed.substr(0, size), true, 513, body), size);
  }
  auto text = compressed_text();
  for (std::size_t size = 0; size < text.size(); ++size) {
    RegistrationBody body;
    CHECK_MESSAGE(!decode_registration(deflate(text.substr(0, size)), true, 513, body), size);
  }
  auto version = block(R"({"counter":3})");
  for (const auto& bad :
       {version + count(-1), version + count(2147483647), version + count(1) + block("T1 8 x 6 SINGLE_TAG"),
        version + count(1) + block("T1 8 4"), version + count(1) + count(-5)}) {
    RegistrationBody body;
    CHECK(!decode_registration(deflate(bad), true, 513, body));
  }
  for (std::string bad : {"[]x", "{\"topicConfigSerializeWrapper\":", "{{",
                          "{\"topicConfigSerializeWrapper\":{\"topicConfigTable\":{\"\\ud800\":{}}}}", "nul",
                          "{\"a\":1}}", "{\"topicConfigSerializeWrapper\":{\"topicConfigTable\":{\"\":{}}}}"}) {
    RegistrationBody body;
    CHECK_MESSAGE(!decode_registration(bad, false, 513, body), bad);
  }
  RegistrationBody deep;
  CHECK(!decode_registration("{\"x\":" + std::string(100'000, '['), false, 513, deep));
  RegistrationBody bomb;
  CHECK(!decode_registration(deflate(std::string(kMaxInflatedBytes + 1, 'x')), true, 513, bomb));
  RegistrationBody long_name;
  CHECK(!decode_registration(
      "{\"topicConfigSerializeWrapper\":{\"topicConfigTable\":{\"" + std::string(5000, 'x') + "\":{}}}}", false, 513,
      long_name));
}

TEST_CASE("data versions and queue datas") {
  auto version = decode_data_version(R"({"counter":"3","stateVersion":1,"timestamp":1795289460397,"new":[{}]})");
  REQUIRE(version);
  CHECK(encode_data_version(*version) == R"({"counter":3,"stateVersion":1,"timestamp":1795289460397})");
  CHECK(!decode_data_version(""));
  CHECK(!decode_data_version(R"({"counter":x})"));
  std::deque<std::string> arena;
  auto entries = decode_queue_datas(
      R"({"brokerDatas":[{"brokerAddrs":{0:"a:1"}}],"queueDatas":[{"brokerName":"b","perm":6,"readQueueNums":8,"writeQueueNums":4}]})",
      arena);
  REQUIRE(entries);
  REQUIRE(entries->size() == 1);
  CHECK(entries->front().shape == QueueShape{8, 4, 6, 0});
}
