#include "common/protocol/command.h"

#include <doctest/doctest.h>

#include "common/base/bytes.h"
#include "common/protocol/codes.h"

namespace rmq::protocol {
namespace {

// A frame around any header text.
std::string frame_of(std::string_view header, std::uint8_t type = 0, std::string_view body = {}) {
  std::string frame;
  append_be(frame, static_cast<std::int32_t>(4 + header.size() + body.size()));
  append_be(frame, static_cast<std::int32_t>(std::uint32_t{type} << 24 | header.size()));
  frame += header;
  frame += body;
  return frame;
}

// What a decoder makes of a header that it must take.
Command owned(std::string_view header) {
  const auto frame = frame_of(header);
  FrameDecoder decoder;
  const auto decoded = decoder.decode(frame);
  REQUIRE(decoded.has_value());
  return Command::from(**decoded);
}

Command sample(SerializeType type) {
  Command command;
  command.code = RequestCode::kPopMessage;
  command.language = Language::kGo;
  command.opaque = -7;
  command.flag = kFlagOneway;
  command.serialize_type = type;
  command.remark = "a \"remark\"\\ \n\x01 \xe4\xbd\xa0";
  command.set("topic", "T").set("queueId", 3).set("offset", std::int64_t{1} << 40).set("order", true);
  command.set("i",
              "UNIQ_KEY\x01"
              "AC11\x02WAIT\x01true\x02");
  command.body = std::string("\0body", 5);
  return command;
}

TEST_CASE("both serializations keep everything") {
  for (const auto type : {SerializeType::kJson, SerializeType::kRocketMq}) {
    CAPTURE(static_cast<int>(type));
    const auto command = sample(type);
    const auto frame = encode(command);
    CHECK(frame_length(frame).value() == frame.size());
    FrameDecoder decoder;
    for (int again = 0; again < 2; ++again) {  // the decoder is reused from frame to frame
      auto decoded = decoder.decode(frame);
      REQUIRE(decoded.has_value());
      const auto& view = **decoded;
      CHECK(view.code == command.code);
      CHECK(view.language == command.language);
      CHECK(view.version == kVersion);
      CHECK(view.opaque == -7);
      CHECK(view.is_oneway());
      CHECK_FALSE(view.is_response());
      CHECK(view.serialize_type == type);
      CHECK(view.remark == command.remark);
      CHECK(view.body == command.body);
      REQUIRE(view.ext_fields.size() == command.ext_fields.size());
      for (const auto& [key, value] : command.ext_fields) CHECK(view.ext(key) == value);
      CHECK(view.ext("absent").data() == nullptr);
      CHECK(encode(Command::from(view)) == frame);
    }
  }
}

TEST_CASE("the JSON header as clients write it") {
  const auto frame = frame_of(R"( { "version" : 121 , "remark":null,"unknown":{"a":[1,{"}":"]"}]},
      "extFields":{"n":12,"f":-1.5e3,"t":true,"null":null,"empty":"","e":"\u4f60\ud83d\ude00\/\"\\\b\f\n\r\t\u00e9\1",
      "dup":"1","nested":{"x":[1]},"dup":"2"}, "code":105,"language":"GO","opaque":"5","flag":0,"x":[]}  )");
  FrameDecoder decoder;
  const auto decoded = decoder.decode(frame);
  REQUIRE(decoded.has_value());
  const auto& view = **decoded;
  CHECK(view.code == 105);
  CHECK(view.version == 121);
  CHECK(view.language == Language::kGo);
  CHECK(view.opaque == 5);
  CHECK(view.remark.empty());
  CHECK(view.ext("n") == "12");
  CHECK(view.ext("f") == "-1.5e3");
  CHECK(view.ext("t") == "true");
  CHECK(view.ext("null").data() == nullptr);
  CHECK(view.ext("empty").data() != nullptr);
  CHECK(view.ext("empty").empty());
  CHECK(view.ext("e") == "\xe4\xbd\xa0\xf0\x9f\x98\x80/\"\\\b\f\n\r\t\xc3\xa9\x01");
  CHECK(view.ext("dup") == "2");
  CHECK(view.ext("nested") == R"({"x":[1]})");
  CHECK(view.ext_fields.size() == 7);

  CHECK(owned(R"({"language":9})").language == Language::kGo);
  CHECK(owned(R"({"language":99})").language == Language::kOther);
  CHECK(owned(R"({"language":"KLINGON"})").language == Language::kOther);
  CHECK(owned(R"({"extFields":{"a":"1","a":null}})").ext_fields.empty());
  CHECK(owned(R"({"extFields":{"a":"\ud800x\udc00"}})").ext_fields.at(0).second == "?x?");
  CHECK(owned(R"({"extFields":null})").ext_fields.empty());
  CHECK(owned("{}").body.empty());
}

TEST_CASE("hostile JSON headers") {
  FrameDecoder decoder;
  for (const char* header : {"",
                             "{",
                             "}",
                             "[]",
                             "null",
                             "{\"code\"}",
                             "{\"code\":}",
                             "{\"code\":1,}",
                             "{\"code\":1e3}",
                             "{\"code\":99999999999}",
                             "{\"code\":1}x",
                             "{\"code\":{}}",
                             "{\"extFields\":[]}",
                             "{\"extFields\":{\"a\":\"}",
                             "{\"extFields\":{\"a\":\"\\",
                             "{\"extFields\":{\"a\":\"\\u12",
                             "{\"extFields\":{\"a\":\"\\u12g4\"}}",
                             "{\"extFields\":{\"a\":\"\\q\"}}",
                             "{\"x\":[1}",
                             "{\"x\":\"\\\"}",
                             "{\"x\":tru}",
                             "{\"x\":-}",
                             "{\"remark\":\"\\ud800\\u",
                             "{\"x\":[\"\\"}) {
    CAPTURE(header);
    auto decoded = decoder.decode(frame_of(header));
    REQUIRE_FALSE(decoded.has_value());
    CHECK(decoded.error().kind == ErrorKind::kInvalid);
  }
  CHECK(decoder.decode(frame_of("{\"x\":" + std::string(20, '[') + std::string(20, ']') + "}")).has_value());
  CHECK_FALSE(decoder.decode(frame_of("{\"x\":" + std::string(100, '[') + std::string(100, ']') + "}")).has_value());

  auto many = [](std::size_t count) {
    std::string header = "{\"extFields\":{";
    for (std::size_t i = 0; i < count; ++i) header += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":\"v\"";
    return header + "}}";
  };
  CHECK(owned(many(kMaxExtFields)).ext_fields.size() == kMaxExtFields);
  CHECK_FALSE(decoder.decode(frame_of(many(kMaxExtFields + 1))).has_value());
}

TEST_CASE("every cut and every flipped byte of a header is an error or a value, never more") {
  for (const auto type : {SerializeType::kJson, SerializeType::kRocketMq}) {
    const auto frame = encode(sample(type));
    const auto header = frame.substr(8, load_be<std::uint32_t>(frame.data() + 4) & 0xffffff);
    FrameDecoder decoder;
    for (std::size_t size = 0; size < header.size(); ++size) {
      CHECK_FALSE(decoder.decode(frame_of(header.substr(0, size), static_cast<std::uint8_t>(type))).has_value());
    }
    for (std::size_t i = 0; i < header.size(); ++i) {
      for (const int flip : {1, 0x20, 0x80, 0xff}) {
        auto copy = header;
        copy[i] = static_cast<char>(copy[i] ^ flip);
        (void)decoder.decode(frame_of(copy, static_cast<std::uint8_t>(type)));
      }
    }
  }
}

TEST_CASE("the binary header") {
  FrameDecoder decoder;
  // As the original's RocketMQSerializable writes code 3442 (200050 cut to 16 bits) with one field and an empty one.
  std::string header;
  append_be(header, static_cast<std::int16_t>(200050));
  header += '\x09';
  append_be(header, std::int16_t{401});
  append_be(header, std::int32_t{17});
  append_be(header, std::int32_t{0});
  append_be(header, std::int32_t{0});
  std::string ext("\0\1b\0\0\0\1T\0\1i\0\0\0\0", 15);
  append_be(header, static_cast<std::int32_t>(ext.size()));
  header += ext;
  const auto frame = frame_of(header, 1, "body");
  const auto decoded = decoder.decode(frame);
  REQUIRE(decoded.has_value());
  CHECK((*decoded)->code == RequestCode::kPopMessage);
  CHECK((*decoded)->language == Language::kGo);
  CHECK((*decoded)->version == 401);
  CHECK((*decoded)->ext("b") == "T");
  CHECK((*decoded)->ext("i").data() == nullptr);  // zero length is null
  CHECK((*decoded)->body == "body");

  for (const std::int32_t bad : {-1, 16, 1 << 30}) {
    auto copy = header;
    store_be(copy.data() + 17, bad);  // length of the fields
    CHECK_FALSE(decoder.decode(frame_of(copy, 1)).has_value());
  }
  CHECK_FALSE(decoder.decode(frame_of(header + "x", 1)).has_value());
  CHECK_FALSE(decoder.decode(frame_of("{}", 2)).has_value());
}

TEST_CASE("frame lengths") {
  CHECK(frame_length("").value() == 0);
  CHECK(frame_length(std::string_view("\0\0\0", 3)).value() == 0);
  CHECK(frame_length(std::string_view("\0\0\0\4", 4)).value() == 8);
  CHECK_FALSE(frame_length(std::string_view("\0\0\0\3", 4)).has_value());
  CHECK_FALSE(frame_length(std::string_view("\xff\xff\xff\xff", 4)).has_value());
  CHECK(frame_length(std::string_view("\0\xff\xff\xfc", 4)).value() == kMaxFrameBytes);
  CHECK_FALSE(frame_length(std::string_view("\0\xff\xff\xfd", 4)).has_value());
  CHECK_FALSE(frame_length(std::string_view("GET ", 4)).has_value());
  FrameDecoder decoder;
  CHECK_FALSE(decoder.decode(std::string_view("\0\0\0\4\0\0\0\1", 8)).has_value());  // header longer than the frame
  CHECK_FALSE(decoder.decode(frame_of("{}") + "x").has_value());
}

TEST_CASE("the writer leaves nulls out and appends") {
  std::string out = "before";
  FrameWriter writer(out, {.code = 0, .opaque = 9, .flag = kFlagResponse});
  writer.field("null", std::string_view());
  writer.field("number", std::int64_t{-9'000'000'000});
  writer.field("flag", false);
  writer.finish(4);
  out += "body";
  FrameDecoder decoder;
  const auto decoded = decoder.decode(std::string_view(out).substr(6));
  REQUIRE(decoded.has_value());
  CHECK((*decoded)->ext("number") == "-9000000000");
  CHECK((*decoded)->ext("flag") == "false");
  CHECK((*decoded)->ext_fields.size() == 2);
  CHECK((*decoded)->body == "body");
  CHECK(out.substr(14, out.size() - 18) ==
        R"({"code":0,"flag":1,"language":"CPP","opaque":9,"serializeTypeCurrentRPC":"JSON","version":513,)"
        R"("extFields":{"number":"-9000000000","flag":"false"}})");
}

TEST_CASE("answers and typed fields") {
  Command request = sample(SerializeType::kRocketMq);
  request.set("yes", "TRUE").set("word", "x").set("plus", "+5").set("nothing", "").set("big", "3000000000");
  const auto view = request.view();
  const auto response = response_to(view, ResponseCode::kTopicNotExist, "no");
  CHECK(response.opaque == request.opaque);
  CHECK(response.is_response());
  CHECK(response.serialize_type == SerializeType::kRocketMq);
  CHECK(response.remark == "no");

  FieldReader good(view);
  CHECK(good.required("topic") == "T");
  CHECK(good.required_int32("queueId") == 3);
  CHECK(good.required_int64("big") == 3'000'000'000);
  CHECK(good.required_int32("plus") == 5);
  CHECK(good.optional_int32("nothing", 4) == 4);
  CHECK(good.optional_int64("absent", -1) == -1);
  CHECK(good.required_bool("yes"));
  CHECK_FALSE(good.optional_bool("word", true));
  CHECK(good.optional_bool("absent", true));
  CHECK(good.optional("absent", "d") == "d");
  CHECK(good.ok());

  FieldReader bad(view);
  (void)bad.required_int32("producerGroup");
  (void)bad.required_int32("word");
  REQUIRE_FALSE(bad.status().has_value());
  CHECK(bad.status().error().message == "the custom field <producerGroup> is null");
  FieldReader range(view);
  (void)range.required_int32("big");
  CHECK_FALSE(range.ok());
}

TEST_CASE("languages by name") {
  for (int i = 0; i <= static_cast<int>(Language::kNodeJs); ++i) {
    CHECK(language_from_name(to_string(static_cast<Language>(i))) == static_cast<Language>(i));
  }
  CHECK(to_string(static_cast<Language>(200)) == "OTHER");
}

}  // namespace
}  // namespace rmq::protocol
