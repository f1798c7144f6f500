#include "common/base/bytes.h"
#include "common/protocol/command.h"
#include "common/protocol/header_fields.h"

namespace rmq::protocol {
namespace {

constexpr std::size_t kMaxIdleScratch = 256 * 1024;  // what a connection may keep after a large header

// Codes above 16 bits that the binary form cuts.
std::int32_t restore_code(std::int16_t code) {
  if (code >= 3442 && code <= 3448) return 200050 + (code - 3442);
  return code == 3543 ? 200151 : code;
}

const char* decode_binary(std::string_view header, CommandView& view) {
  ByteReader reader(header);
  view.code = restore_code(reader.read<std::int16_t>());
  const auto language = reader.read<std::uint8_t>();
  view.language =
      language <= static_cast<std::uint8_t>(Language::kNodeJs) ? static_cast<Language>(language) : Language::kOther;
  view.version = reader.read<std::int16_t>();
  view.opaque = reader.read<std::int32_t>();
  view.flag = reader.read<std::int32_t>();
  view.remark = reader.read_bytes(reader.read<std::int32_t>());
  ByteReader ext(reader.read_bytes(reader.read<std::int32_t>()));
  if (!reader.ok() || reader.remaining() != 0) return "malformed binary header";
  internal::FieldSet fields(view.ext_fields);
  while (ext.remaining() != 0) {
    const auto key = ext.read_bytes(ext.read<std::int16_t>());
    const auto value = ext.read_bytes(ext.read<std::int32_t>());
    if (!ext.ok()) return "malformed fields in the binary header";
    if (key.empty()) continue;
    // Of zero length is null in this form.
    if (value.empty()) {
      fields.remove(key);
    } else if (!fields.put(key, value)) {
      return "too many extFields";
    }
  }
  return nullptr;
}

}  // namespace

Result<std::uint32_t> frame_length(std::string_view bytes, std::uint32_t max_frame) {
  if (bytes.size() < 4) return 0U;
  const auto length = load_be<std::int32_t>(bytes.data());
  // The word counts what follows it: at least the header word.
  if (length < 4 || static_cast<std::uint64_t>(length) + 4 > max_frame) {
    return fail(ErrorKind::kInvalid, "frame length " + std::to_string(length));
  }
  return static_cast<std::uint32_t>(length) + 4;
}

Result<const CommandView*> FrameDecoder::decode(std::string_view frame) {
  if (frame.size() < kFramePrefixBytes || load_be<std::uint32_t>(frame.data()) != frame.size() - 4) {
    return fail(ErrorKind::kInvalid, "frame length and frame size differ");
  }
  const auto word = load_be<std::uint32_t>(frame.data() + 4);
  const std::size_t header_size = word & 0xffffffU;
  if (header_size > frame.size() - kFramePrefixBytes) return fail(ErrorKind::kInvalid, "header longer than its frame");
  const auto header = frame.substr(kFramePrefixBytes, header_size);
  if (scratch_.size() > kMaxIdleScratch && header_size < kMaxIdleScratch / 2) {
    scratch_.clear();
    scratch_.shrink_to_fit();
  }

  view_.code = view_.opaque = view_.flag = 0;
  view_.version = 0;
  view_.language = Language::kJava;  // the original's default when the header does not say
  view_.remark = {};
  view_.ext_fields.clear();
  view_.body = frame.substr(kFramePrefixBytes + header_size);
  const char* error = nullptr;
  switch (word >> 24) {
    case 0:
      view_.serialize_type = SerializeType::kJson;
      error = internal::parse_json_header(header, view_, scratch_);
      break;
    case 1:
      view_.serialize_type = SerializeType::kRocketMq;
      error = decode_binary(header, view_);
      break;
    default: error = "unknown serialization of the header";
  }
  if (error != nullptr) return fail(ErrorKind::kInvalid, error);
  return &view_;
}

}  // namespace rmq::protocol
