// Frames and messages as the official classes wrote them (testdata/), both ways.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "common/base/crc32.h"
#include "common/base/file.h"
#include "common/protocol/command.h"
#include "common/protocol/java_string.h"
#include "common/protocol/message_batch.h"
#include "common/protocol/message_id.h"
#include "common/protocol/message_properties.h"

namespace rmq::protocol {
namespace {

using nlohmann::json;

std::string golden(const std::string& name) {
  auto bytes = read_file(std::string(RMQ_TESTDATA "/") + name);
  REQUIRE_MESSAGE(bytes.has_value(), name);
  return std::move(*bytes);
}

std::string hex(std::string_view bytes) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

TEST_CASE("frames of the original") {
  int frames = 0;
  const auto all = json::parse(golden("expected.json"));
  for (const auto& [name, expected] : all.items()) {
    if (!name.starts_with("frames/")) continue;
    CAPTURE(name);
    ++frames;
    const auto bytes = golden(name);
    CHECK(frame_length(bytes).value() == bytes.size());
    FrameDecoder decoder;
    const auto decoded = decoder.decode(bytes);
    REQUIRE(decoded.has_value());
    const auto& view = **decoded;
    CHECK((view.serialize_type == SerializeType::kJson) == (expected.at("serialize") == "JSON"));
    // The original shows what 16 bits leave of a code above them; we restore it.
    if (view.code < 200000) CHECK(view.code == expected.at("code"));
    CHECK(to_string(view.language) == expected.at("language").get<std::string>());
    CHECK(view.version == expected.at("version"));
    CHECK(view.opaque == expected.at("opaque"));
    CHECK(view.flag == expected.at("flag"));
    CHECK(view.remark == (expected.at("remark").is_null() ? "" : expected.at("remark").get<std::string>()));
    CHECK(hex(view.body) == (expected.at("bodyHex").is_null() ? "" : expected.at("bodyHex").get<std::string>()));
    auto fields = json::object();
    for (const auto& [key, value] : view.ext_fields) fields[std::string(key)] = value;
    CHECK(fields == (expected.at("ext").is_null() ? json::object() : expected.at("ext")));

    const auto ours = encode(Command::from(view));
    FrameDecoder second;
    const auto again = second.decode(ours);
    REQUIRE(again.has_value());
    CHECK(encode(Command::from(**again)) == ours);
    CHECK((*again)->ext_fields == view.ext_fields);
  }
  CHECK(frames >= 20);
}

TEST_CASE("the batch body of the original") {
  const auto bytes = golden("messages/batch_body.bin");
  const auto expected = json::parse(golden("expected.json")).at("messages/batch_body.bin").at("messages");
  const auto messages = decode_batch(bytes).value();
  REQUIRE(messages.size() == expected.size());
  std::string again;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    CHECK(messages[i].flag == expected[i].at("flag"));
    CHECK(hex(messages[i].body) == expected[i].at("bodyHex").get<std::string>());
    CHECK(decode_properties(messages[i].properties) == expected[i].at("properties").get<PropertyMap>());
    REQUIRE(append_batch_message(again, messages[i]).has_value());
  }
  CHECK(again == bytes);
}

TEST_CASE("properties, ids and hashes of the original") {
  for (const auto& row : json::parse(golden("messages/properties.json"))) {
    const std::string raw = row.at("raw");
    CAPTURE(raw);
    const auto map = row.at("parsed").get<PropertyMap>();
    CHECK(decode_properties(raw) == map);
    for (const auto& [name, value] : map) CHECK(find_property(raw, name) == value);
  }
  for (const auto& row : json::parse(golden("messages/offset_msg_ids.json"))) {
    const std::string text = row.at("msgId");
    const auto id = decode_offset_message_id(text).value();
    CHECK(id.offset == row.at("offset"));
    CHECK(row.at("host").get<std::string>().ends_with(":" + std::to_string(id.port)));
    CHECK(offset_message_id(id.ip, id.port, id.offset) == text);
  }
  for (const auto& row : json::parse(golden("messages/hashes.json"))) {
    const std::string text = row.at("text");
    CHECK(java_hash(text) == row.at("tagsCode"));
    CHECK(crc32_positive(text) == row.at("crc32"));
  }
}

}  // namespace
}  // namespace rmq::protocol
