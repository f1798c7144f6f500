#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "common/base/bytes.h"
#include "common/base/crc32.h"
#include "common/base/file.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/base/net_address.h"
#include "common/base/properties_text.h"
#include "common/testing/temp_dir.h"

using namespace rmq;

TEST_CASE("bytes: a reader never leaves its bytes") {
  std::string bytes;
  append_be<std::int32_t>(bytes, -7);
  append_be<std::int16_t>(bytes, 300);
  ByteReader reader(bytes);
  CHECK(reader.read<std::int32_t>() == -7);
  CHECK(reader.read<std::int16_t>() == 300);
  CHECK(reader.ok());
  CHECK(reader.read<std::int64_t>() == 0);
  CHECK_FALSE(reader.ok());
  ByteReader lying(bytes);
  CHECK(lying.read_bytes(-1).empty());
  CHECK_FALSE(lying.ok());
}

TEST_CASE("crc32: Java's value for 123456789") {
  CHECK(crc32("123456789") == 0xcbf43926U);
  CHECK(crc32_positive("123456789") == 0x4bf43926);
}

TEST_CASE("json: depth and number of values are bounded") {
  CHECK_FALSE(parse_json(std::string(100, '[')));
  CHECK_FALSE(parse_fastjson(std::string(1000, '{')));
  CHECK_FALSE(parse_json("[1,2,3,4]", {.max_depth = 4, .max_values = 3}));
  CHECK(parse_json(R"({"a":[1,{"b":null}]})"));
  CHECK_FALSE(parse_json("{1:2}"));
}

TEST_CASE("json: fastjson's bare and object keys") {
  auto bare = parse_fastjson(R"({"offsetTable":{"t@g":{0:5,1:-1}},x:true})");
  REQUIRE(bare);
  CHECK((*bare)["offsetTable"]["t@g"]["1"] == -1);
  CHECK((*bare)["x"] == true);
  auto object = parse_fastjson(R"({"offsetTable":{{"brokerName":"b","queueId":0,"topic":"T"}:{"minOffset":3}}})");
  REQUIRE(object);
  const auto& table = (*object)["offsetTable"];
  REQUIRE(table.size() == 1);
  auto key = parse_json(table.begin().key());
  REQUIRE(key);
  CHECK((*key)["topic"] == "T");
  CHECK(table.begin().value()["minOffset"] == 3);
}

TEST_CASE("json: strings are escaped") {
  std::string out;
  append_json_string(out, std::string_view("a\"\\\n\x01z", 6));
  CHECK(out == R"("a\"\\\n\u0001z")");
}

TEST_CASE("properties: as java.util.Properties reads them") {
  auto p = parse_properties("# c\nbrokerName = a\n x:1 \nlong=one,\\\n   two\nk\\=1=v\\u0041\n\nempty\n");
  REQUIRE(p);
  CHECK((*p)["brokerName"] == "a");
  CHECK((*p)["x"] == "1");
  CHECK((*p)["long"] == "one,two");
  CHECK((*p)["k=1"] == "vA");
  CHECK((*p)["empty"] == "");
  CHECK_FALSE(parse_properties("a=\\u12"));
}

TEST_CASE("file: the old content or the new, never neither") {
  testing::TempDir dir;
  const auto path = dir / "config/topics.json";
  CHECK(read_file_or_backup(path).error().kind == ErrorKind::kNotFound);
  REQUIRE(replace_file(path, "one"));
  REQUIRE(replace_file(path, "two"));
  CHECK(*read_file(path) == "two");
  CHECK(*read_file(path + ".bak") == "one");
  REQUIRE(std::filesystem::remove(path));
  CHECK(*read_file_or_backup(path) == "one");
}

TEST_CASE("address: host and port") {
  CHECK(parse_address("h:1")->text() == "h:1");
  CHECK(parse_address("[::1]:99")->host == "::1");
  CHECK_FALSE(parse_address("h"));
  CHECK_FALSE(parse_address("h:0"));
  CHECK_FALSE(parse_address("h:70000"));
  CHECK(parse_address_list("a:1; b:2;")->size() == 2);
}

TEST_CASE("log: nobody can forge a line") {
  CHECK(log::format(log::Level::kInfo, "x y", {{"k", "a\nb"}, {"n", 3}}) == "info \"x y\" k=\"a\\nb\" n=3");
}
