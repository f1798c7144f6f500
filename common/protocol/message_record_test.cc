#include "common/protocol/message_record.h"

#include <doctest/doctest.h>

#include "common/base/bytes.h"

namespace rmq::protocol {
namespace {

const std::string kHostV4("\x0a\x00\x00\x01\x00\x00\x2a\x9f", 8);
const std::string kHostV6("\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x00\x2a\x9f", 20);

MessageRecord example() {
  MessageRecord r;
  r.queue_id = 3;
  r.flag = 7;
  r.born_timestamp = 1700000000001;
  r.born_host = kHostV4;
  r.store_host = kHostV4;
  r.reconsume_times = 2;
  r.prepared_transaction_offset = 99;
  r.body = "hello";
  r.topic = "T";
  r.properties =
      "TAGS\x01"
      "a\x02";
  return r;
}

std::string encode(const MessageRecord& r, const EncodeOptions& options = {}) {
  std::string out;
  auto size = append_record(out, r, options);
  REQUIRE(size);
  CHECK(*size == out.size());
  return out;
}

TEST_CASE("record layout, byte by byte") {
  auto bytes = encode(example());
  patch_record(bytes.data(), 5, 4096, 1700000000002);
  CHECK(bytes.size() == record_size(5, 1, 7, false, false));
  CHECK(load_be<std::int32_t>(bytes.data()) == static_cast<std::int32_t>(bytes.size()));
  CHECK(load_be<std::uint32_t>(bytes.data() + 4) == 0xDAA320A7U);
  CHECK(load_be<std::int32_t>(bytes.data() + 8) == 0x3610a686);  // CRC-32 of "hello"
  CHECK(load_be<std::int64_t>(bytes.data() + 20) == 5);
  CHECK(load_be<std::int64_t>(bytes.data() + 28) == 4096);
  CHECK(load_be<std::int64_t>(bytes.data() + 40) == 1700000000001);
  CHECK(bytes.substr(48, 8) == kHostV4);
  CHECK(load_be<std::int64_t>(bytes.data() + 56) == 1700000000002);
  CHECK(load_be<std::int32_t>(bytes.data() + 84) == 5);
  CHECK(bytes.substr(88) == std::string("hello\x01T\x00\x07TAGS\x01"
                                        "a\x02",
                                        16));
}

TEST_CASE("round trip of hosts and topic lengths") {
  for (bool born6 : {false, true}) {
    for (bool store6 : {false, true}) {
      for (std::size_t topic : {1U, 127U, 128U, 255U}) {
        auto r = example();
        const std::string name(topic, 't');
        r.born_host = born6 ? kHostV6 : kHostV4;
        r.store_host = store6 ? kHostV6 : kHostV4;
        r.topic = name;
        auto bytes = encode(r);
        patch_record(bytes.data(), 1, 2, 3);
        const auto with_more = bytes + "what follows";
        auto got = decode_record(with_more);
        REQUIRE(got);
        CHECK(got->magic == (topic > 127 ? kRecordMagicV2 : kRecordMagicV1));
        CHECK(got->born_host == r.born_host);
        CHECK(got->store_host == r.store_host);
        CHECK(got->store_timestamp == 3);
        CHECK(got->physical_offset == 2);
        CHECK(got->queue_offset == 1);
        CHECK(got->topic == name);
        CHECK(got->body == "hello");
        CHECK(got->properties == r.properties);
        CHECK(got->reconsume_times == 2);
        CHECK(got->prepared_transaction_offset == 99);
        CHECK(record_checksum_ok(bytes, *got));
      }
    }
  }
}

TEST_CASE("checksum of the body and of the whole record") {
  auto bytes = encode(example());
  bytes[90] ^= 1;
  auto broken = decode_record(bytes);
  REQUIRE(broken);
  CHECK_FALSE(record_checksum_ok(bytes, *broken));

  EncodeOptions options;
  options.crc_property = true;
  options.more_properties =
      "CLUSTER\x01"
      "c";
  bytes = encode(example(), options);
  patch_record(bytes.data(), 5, 6, 7);
  seal_crc_property(bytes.data(), bytes.size());
  auto good = decode_record(bytes);
  REQUIRE(good);
  CHECK(record_checksum_ok(bytes, *good));
  CHECK(
      good->properties.starts_with("TAGS\x01"
                                   "a\x02"
                                   "CLUSTER\x01"
                                   "c\x02__CRC32#\x01"));
  CHECK(good->properties.back() == '\x02');
  for (std::size_t i : {9U, 20U, 35U, 60U, 90U}) {  // any byte counts, not only the body's
    auto copy = bytes;
    copy[i] ^= 0x40;
    auto decoded = decode_record(copy);
    REQUIRE(decoded);
    CHECK_FALSE(record_checksum_ok(copy, *decoded));
  }
}

TEST_CASE("a record cut or changed anywhere is refused or stays within its bytes") {
  const auto bytes = encode(example());
  MessageRecord r;
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    CHECK(parse_record(std::string_view(bytes).substr(0, size), r) != RecordState::kRecord);
  }
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (unsigned change = 1; change < 256; change += 3) {
      auto copy = bytes;
      copy[i] = static_cast<char>(static_cast<unsigned char>(copy[i]) ^ change);
      if (parse_record(copy, r) != RecordState::kRecord) continue;
      CHECK(r.topic.data() + r.topic.size() <= copy.data() + copy.size());
      CHECK(r.properties.size() <= copy.size());
    }
  }
  CHECK(parse_record(std::string(200, '\0'), r) == RecordState::kNothing);
  std::string blank;
  append_be<std::int32_t>(blank, 1234);
  append_be<std::int32_t>(blank, kBlankMagic);
  CHECK(parse_record(blank, r) == RecordState::kEndOfFile);
  CHECK(r.size == 1234);
}

TEST_CASE("what can't be stored is refused") {
  std::string out = "kept";
  auto r = example();
  r.topic = "";
  CHECK_FALSE(append_record(out, r));
  r = example();
  const std::string long_properties(32768, 'p');
  r.properties = long_properties;
  CHECK_FALSE(append_record(out, r));
  r = example();
  r.born_host = "123";
  CHECK_FALSE(append_record(out, r));
  CHECK(out == "kept");
}

}  // namespace
}  // namespace rmq::protocol
