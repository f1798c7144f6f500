// RemotingCommand: the header of every frame, in both of the original's serializations.
//
// Frame (all integers big-endian): total length i32 (counts what follows) | header word i32 (top byte = SerializeType,
// low 24 bits = header length) | header | body. Source: org.apache.rocketmq.remoting.protocol.RemotingCommand,
// RocketMQSerializable, RemotingSerializable of release 5.5.0.
//
// Two forms: CommandView points into the frame it was decoded from (hot paths; nothing is copied), Command owns its
// bytes. Nothing here does I/O.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/result.h"

namespace rmq::protocol {

enum class SerializeType : std::uint8_t { kJson = 0, kRocketMq = 1 };

enum class Language : std::uint8_t {
  kJava = 0,
  kCpp = 1,
  kDotnet = 2,
  kPython = 3,
  kDelphi = 4,
  kErlang = 5,
  kRuby = 6,
  kOther = 7,
  kHttp = 8,
  kGo = 9,
  kPhp = 10,
  kOms = 11,
  kRust = 12,
  kNodeJs = 13,
};
std::string_view to_string(Language language);       // "JAVA", ...
Language language_from_name(std::string_view name);  // kOther if unknown

inline constexpr std::int32_t kFlagResponse = 1;
inline constexpr std::int32_t kFlagOneway = 2;

// The version this implementation reports: 5.5.0, the reference release.
inline constexpr std::int16_t kVersion = 513;

inline constexpr std::uint32_t kMaxFrameBytes =
    16 * 1024 * 1024;                                  // total length word included, as the original's default
inline constexpr std::uint32_t kFramePrefixBytes = 8;  // both words
inline constexpr std::size_t kMaxExtFields = 512;

struct CommandView {
  std::int32_t code = 0;
  Language language = Language::kOther;
  std::int16_t version = 0;
  std::int32_t opaque = 0;
  std::int32_t flag = 0;
  SerializeType serialize_type = SerializeType::kJson;
  std::string_view remark;
  std::vector<std::pair<std::string_view, std::string_view>> ext_fields;
  std::string_view body;

  bool is_response() const { return (flag & kFlagResponse) != 0; }
  bool is_oneway() const { return (flag & kFlagOneway) != 0; }
  // The value of `key`, or a view with data() == nullptr. Linear: headers are short.
  std::string_view ext(std::string_view key) const;
};

struct Command {
  std::int32_t code = 0;
  Language language = Language::kCpp;
  std::int16_t version = kVersion;
  std::int32_t opaque = 0;
  std::int32_t flag = 0;
  SerializeType serialize_type = SerializeType::kJson;
  std::string remark;
  std::vector<std::pair<std::string, std::string>> ext_fields;
  std::string body;

  bool is_response() const { return (flag & kFlagResponse) != 0; }
  bool is_oneway() const { return (flag & kFlagOneway) != 0; }

  Command& set(std::string_view key, std::string_view value);
  Command& set(std::string_view key, const char* value) { return set(key, std::string_view(value)); }
  Command& set(std::string_view key, bool value) { return set(key, std::string_view(value ? "true" : "false")); }
  Command& set(std::string_view key, std::int32_t value) { return set(key, std::string_view(std::to_string(value))); }
  Command& set(std::string_view key, std::int64_t value) { return set(key, std::string_view(std::to_string(value))); }

  // A view of this command; valid while it lives unchanged.
  CommandView view() const;
  static Command from(const CommandView& view);
};

// The length of the frame that starts `bytes`, both prefix words included.
//   0: fewer than 4 bytes there, read on.
//   kInvalid: a length no frame has (negative, too small for its own words, above max_frame): close the connection.
Result<std::uint32_t> frame_length(std::string_view bytes, std::uint32_t max_frame = kMaxFrameBytes);

// Decodes whole frames. Keeps its scratch memory from frame to frame, so the views of one frame end with the next call.
// Not thread-safe: one a connection.
class FrameDecoder {
 public:
  // `frame` is exactly one frame, prefix included. kInvalid on anything a well-behaved peer does not send.
  // In type kRocketMq, codes 3442..3448 and 3543 become 200050..200056 and 200151 (they were cut to 16 bits).
  Result<const CommandView*> decode(std::string_view frame);

 private:
  CommandView view_;
  std::string scratch_;  // unescaped JSON strings; reserved up front, so views into it stay
};

// Writes one frame at the end of `out`: construct, field()..., finish(), then append `body_size` bytes of body.
// Allocation-free but for the growth of `out`. A value whose data() is nullptr is a null: it is left out.
// std::length_error on what the frame cannot carry (a header of 16 MiB, a frame of 2 GiB, a name of 32 KiB).
class FrameWriter {
 public:
  struct Head {
    std::int32_t code = 0;
    std::int32_t opaque = 0;
    std::int32_t flag = 0;
    SerializeType serialize_type = SerializeType::kJson;
    std::string_view remark;
    Language language = Language::kCpp;
    std::int16_t version = kVersion;
  };

  FrameWriter(std::string& out, const Head& head);
  void field(std::string_view key, std::string_view value);
  void field(std::string_view key, const char* value) { field(key, std::string_view(value)); }
  void field(std::string_view key, bool value) { field(key, std::string_view(value ? "true" : "false")); }
  void field(std::string_view key, std::int32_t value) { field(key, static_cast<std::int64_t>(value)); }
  void field(std::string_view key, std::int64_t value);
  void finish(std::size_t body_size);

 private:
  std::string& out_;
  std::size_t start_;
  std::size_t ext_start_ = 0;
  SerializeType type_;
  bool any_field_ = false;
};

void encode(const Command& command, std::string& out);
std::string encode(const Command& command);

// An answer to `request`: same opaque and serialization, response flag set.
Command response_to(const CommandView& request, std::int32_t code, std::string remark = {});

// Reads typed header fields out of ext fields; the first missing or malformed one is remembered, so a header decodes
// all its fields and checks once. Error text of a missing field as the original's: "the custom field <topic> is null".
class FieldReader {
 public:
  explicit FieldReader(const CommandView& command) : command_(command) {}

  std::string_view required(std::string_view key);
  std::string_view optional(std::string_view key, std::string_view otherwise = {}) const;
  std::int32_t required_int32(std::string_view key);
  std::int64_t required_int64(std::string_view key);
  std::int32_t optional_int32(std::string_view key, std::int32_t otherwise);
  std::int64_t optional_int64(std::string_view key, std::int64_t otherwise);
  bool required_bool(std::string_view key);
  bool optional_bool(std::string_view key, bool otherwise) const;  // as Boolean.parseBoolean

  // The value of `key`, or a view with data() == nullptr. Quick when fields are asked for in the order they were sent.
  std::string_view find(std::string_view key) const;

  bool ok() const { return error_.empty(); }
  Status status() const { return ok() ? Status{} : Status(fail(ErrorKind::kInvalid, error_)); }

 private:
  template <class T>
  T required_integer(std::string_view key);
  template <class T>
  T optional_integer(std::string_view key, T otherwise);
  void fail_field(std::string_view key, const char* what);

  const CommandView& command_;
  std::string error_;
  mutable std::size_t next_ = 0;  // one behind the field found last
};

}  // namespace rmq::protocol
