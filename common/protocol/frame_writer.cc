#include <charconv>
#include <limits>
#include <stdexcept>

#include "common/base/bytes.h"
#include "common/protocol/command.h"

namespace rmq::protocol {
namespace {

constexpr std::size_t kMaxHeaderBytes = 0xffffff;  // 24 bits of the header word

void append_integer(std::string& out, std::int64_t value) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  out.append(text, end);
}

bool needs_escape(unsigned char c) {
  return c < 0x20 || c == '"' || c == '\\';
}

// The bytes between the quotes. Control characters go as \u00XX, which every JSON reader takes.
void append_escaped(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  const char* plain = text.data();
  const char* const end = text.data() + text.size();
  for (const char* p = plain; p != end; ++p) {
    const auto c = static_cast<unsigned char>(*p);
    if (!needs_escape(c)) continue;
    out.append(plain, p);
    plain = p + 1;
    if (c < 0x20) {
      const char escape[] = {'\\', 'u', '0', '0', kHex[c >> 4], kHex[c & 15]};
      out.append(escape, sizeof(escape));
    } else {
      out += '\\';
      out += static_cast<char>(c);
    }
  }
  out.append(plain, end);
}

}  // namespace

FrameWriter::FrameWriter(std::string& out, const Head& head)
    : out_(out), start_(out.size()), type_(head.serialize_type) {
  out_.append(kFramePrefixBytes, '\0');
  if (type_ == SerializeType::kRocketMq) {
    append_be(out_, static_cast<std::int16_t>(head.code));
    out_ += static_cast<char>(head.language);
    append_be(out_, head.version);
    append_be(out_, head.opaque);
    append_be(out_, head.flag);
    append_be(out_, static_cast<std::int32_t>(head.remark.size()));
    out_ += head.remark;
    ext_start_ = out_.size();
    append_be(out_, std::int32_t{0});
    return;
  }
  out_ += R"({"code":)";
  append_integer(out_, head.code);
  out_ += R"(,"flag":)";
  append_integer(out_, head.flag);
  out_ += R"(,"language":")";
  out_ += to_string(head.language);
  out_ += R"(","opaque":)";
  append_integer(out_, head.opaque);
  if (!head.remark.empty()) {
    out_ += R"(,"remark":")";
    append_escaped(out_, head.remark);
    out_ += '"';
  }
  out_ += R"(,"serializeTypeCurrentRPC":"JSON","version":)";
  append_integer(out_, head.version);
}

void FrameWriter::field(std::string_view key, std::string_view value) {
  if (value.data() == nullptr) return;
  if (type_ == SerializeType::kRocketMq) {
    if (key.size() > std::numeric_limits<std::int16_t>::max()) throw std::length_error("header field name");
    append_be(out_, static_cast<std::int16_t>(key.size()));
    out_ += key;
    append_be(out_, static_cast<std::int32_t>(value.size()));
    out_ += value;
  } else {
    out_ += any_field_ ? std::string_view(",\"") : std::string_view(R"(,"extFields":{")");
    append_escaped(out_, key);
    out_ += R"(":")";
    append_escaped(out_, value);
    out_ += '"';
  }
  any_field_ = true;
}

void FrameWriter::field(std::string_view key, std::int64_t value) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  field(key, std::string_view(text, static_cast<std::size_t>(end - text)));
}

void FrameWriter::finish(std::size_t body_size) {
  if (type_ == SerializeType::kRocketMq) {
    store_be(out_.data() + ext_start_, static_cast<std::int32_t>(out_.size() - ext_start_ - 4));
  } else {
    out_ += any_field_ ? std::string_view("}}") : std::string_view("}");
  }
  const std::size_t header = out_.size() - start_ - kFramePrefixBytes;
  const std::size_t total = 4 + header + body_size;
  if (header > kMaxHeaderBytes || total > static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max())) {
    throw std::length_error("frame larger than its length words can say");
  }
  store_be(out_.data() + start_, static_cast<std::int32_t>(total));
  store_be(out_.data() + start_ + 4, static_cast<std::int32_t>(static_cast<std::uint32_t>(type_) << 24 | header));
}

}  // namespace rmq::protocol
