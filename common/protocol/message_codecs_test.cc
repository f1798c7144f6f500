#include <doctest/doctest.h>

#include "common/base/bytes.h"
#include "common/protocol/java_string.h"
#include "common/protocol/message_batch.h"
#include "common/protocol/message_flags.h"
#include "common/protocol/message_id.h"
#include "common/protocol/message_properties.h"

namespace rmq::protocol {
namespace {

TEST_CASE("String.hashCode") {
  // Values from a JVM.
  CHECK(java_hash("") == 0);
  CHECK(java_hash("TagA") == 2598919);
  CHECK(java_hash("polygenelubricants") == std::int32_t{-2147483647} - 1);
  CHECK(java_hash("\xe4\xbd\xa0\xe5\xa5\xbd") == 0x4f60 * 31 + 0x597d);
  CHECK(java_hash("\xf0\x9f\x98\x80") == 0xd83d * 31 + 0xde00);
  CHECK(java_hash("b", java_hash("a#")) == java_hash("a#b"));
  CHECK(java_hash("\xff") == 0xfffd);
  CHECK(java_hash("\xe4\xbd") == 0xfffd);
  CHECK(java_hash("\xe4"
                  "A") == 0xfffd * 31 + 'A');
  CHECK(java_hash("\xed\xa0\x80") == (0xfffd * 31 + 0xfffd) * 31 + 0xfffd);
}

TEST_CASE("properties are found without copying") {
  const std::string text =
      "KEYS\x01k1 k2\x02TAGS\x01"
      "A\x02KEYS\x01last\x02x\x01\x02\x01v\x02"
      "ab\x02odd\x01"
      "a\x01"
      "b\x02"
      "tail\x01t";
  CHECK(find_property(text, Property::kTags) == "A");
  CHECK(find_property(text, "KEYS") == "last");
  CHECK(find_property(text, "x").data() == nullptr);
  CHECK(find_property(text, "").data() == nullptr);
  CHECK(find_property(text, "ab").data() == nullptr);
  CHECK(find_property(text, "odd") ==
        "a\x01"
        "b");
  CHECK(find_property(text, "tail") == "t");
  CHECK_FALSE(has_property(text, "TAG"));
  CHECK(decode_properties(text) == PropertyMap{{"KEYS", "last"},
                                               {"TAGS", "A"},
                                               {"odd",
                                                "a\x01"
                                                "b"},
                                               {"tail", "t"}});
  CHECK(decode_properties("").empty());
  CHECK(decode_properties("\x02\x02\x01\x02").empty());
}

TEST_CASE("properties change in their string form") {
  std::string text =
      "A\x01"
      "1\x02"
      "B\x01"
      "2\x02"
      "A\x01"
      "3";
  REQUIRE(set_property(text, "C", "4").has_value());
  CHECK(text ==
        "A\x01"
        "1\x02"
        "B\x01"
        "2\x02"
        "A\x01"
        "3\x02"
        "C\x01"
        "4\x02");
  REQUIRE(set_property(text, "A", find_property(text, "A")).has_value());
  CHECK(text ==
        "B\x01"
        "2\x02"
        "C\x01"
        "4\x02"
        "A\x01"
        "3\x02");
  CHECK(remove_property(text, "B"));
  CHECK_FALSE(remove_property(text, "B"));
  CHECK_FALSE(set_property(text, "", "v").has_value());
  CHECK_FALSE(set_property(text, "n\x01", "v").has_value());
  CHECK_FALSE(set_property(text, "n", "v\x02X\x01y").has_value());
  CHECK_FALSE(set_property(text, "n", "").has_value());
  CHECK(text ==
        "C\x01"
        "4\x02"
        "A\x01"
        "3\x02");

  const PropertyMap map{{"KEYS", "a b"}, {"T", "\xe4\xbd\xa0"}};
  CHECK(decode_properties(encode_properties(map).value()) == map);
  CHECK_FALSE(encode_properties({{"k", std::string(kMaxPropertiesTextBytes, 'v')}}).has_value());
}

TEST_CASE("offset message ids") {
  const std::string ip("\xc0\xa8\0\1", 4);
  const auto id = offset_message_id(ip, 10911, 0x1234567890);
  CHECK(id == "C0A8000100002A9F0000001234567890");
  CHECK(decode_offset_message_id(id).value() == OffsetMessageId{ip, 10911, 0x1234567890});
  const std::string v6 = std::string("\x20\x01\x0d\xb8", 4) + std::string(11, '\0') + "\x01";
  const auto long_id = offset_message_id(v6, 10911, 7);
  CHECK(long_id == "20010DB800000000000000000000000100002A9F0000000000000007");
  CHECK(decode_offset_message_id(long_id).value() == OffsetMessageId{v6, 10911, 7});
  for (const char* bad : {"", "C0A8", "C0A8000100002A9F000000123456789", "G0A8000100002A9F0000001234567890"}) {
    CHECK_FALSE(decode_offset_message_id(bad).has_value());
  }
  CHECK(offset_message_id("abc", 1, 1).empty());
}

TEST_CASE("unique ids") {
  UniqIdGenerator ids(std::string("\xac\x11\0\2", 4), 0x9a3c, 0x18b4aac2, 0xffff);
  // 2023-11-14T22:13:20Z: 13 days, 22:13:20 into its month.
  const std::int64_t now = 1'700'000'000'000;
  CHECK(ids.next(now) == "AC1100029A3C18B4AAC247B76000FFFF");
  const auto id = ids.next(now + 1);
  CHECK(id == "AC1100029A3C18B4AAC247B760010000");
  const auto parts = decode_uniq_id(id).value();
  CHECK(parts.pid == 0x9a3c);
  CHECK(parts.instance == 0x18b4aac2);
  CHECK(parts.ms_in_month == ((13 * 24 + 22) * 3600 + 13 * 60 + 20) * 1000 + 1);
  CHECK(parts.counter == 0);
  CHECK(UniqIdGenerator(std::string(16, '\1'), 1, 1).next(now).size() == 56);
  CHECK_FALSE(decode_uniq_id("x").has_value());
}

TEST_CASE("batch bodies") {
  std::string body;
  const std::string binary("\0\1\2", 3);
  REQUIRE(append_batch_message(body, {7, binary,
                                      "A\x01"
                                      "1\x02"})
              .has_value());
  REQUIRE(append_batch_message(body, {-1, "", ""}).has_value());
  CHECK(body.size() == 22 + 3 + 4 + 22);
  const auto messages = decode_batch(body).value();
  REQUIRE(messages.size() == 2);
  CHECK(messages[0].flag == 7);
  CHECK(messages[0].body == binary);
  CHECK(messages[0].properties ==
        "A\x01"
        "1\x02");
  CHECK(messages[1].flag == -1);
  CHECK(messages[1].body.empty());
  CHECK(decode_batch("").value().empty());

  for (std::size_t size = 1; size < body.size(); ++size) {
    if (size == 29) continue;  // exactly the first message
    CHECK_FALSE(decode_batch(std::string_view(body).substr(0, size)).has_value());
  }
  for (const std::int32_t bad : {-1, 0, 28, 30, 0x7fffffff}) {
    auto copy = body;
    store_be(copy.data(), bad);
    CHECK_FALSE(decode_batch(copy).has_value());
  }
  for (const std::int32_t bad : {-1, 4, 0x7fffffff}) {
    auto copy = body;
    store_be(copy.data() + 16, bad);
    CHECK_FALSE(decode_batch(copy).has_value());
  }
  CHECK_FALSE(append_batch_message(body, {0, "", std::string(32768, 'p')}).has_value());
}

TEST_CASE("message flags") {
  CHECK(transaction_type(0x1 | MessageFlag::kTransactionCommit) == MessageFlag::kTransactionCommit);
  CHECK(with_transaction_type(0x3 | MessageFlag::kTransactionRollback, MessageFlag::kTransactionPrepared) == 0x7);
}

}  // namespace
}  // namespace rmq::protocol
