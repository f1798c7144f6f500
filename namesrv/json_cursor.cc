#include "namesrv/json_cursor.h"

namespace rmq::namesrv {
namespace {

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xC0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    out += static_cast<char>(0xE0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (code >> 18));
    out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (code & 0x3F));
  }
}

}  // namespace

bool JsonCursor::read_hex(std::uint32_t& value) {
  if (position_ + 4 > text_.size()) return false;
  auto end = text_.data() + position_ + 4;
  if (std::from_chars(text_.data() + position_, end, value, 16).ptr != end) return false;
  position_ += 4;
  return true;
}

// The backslash has been consumed.
bool JsonCursor::append_escape(std::string& out) {
  if (position_ >= text_.size()) return false;
  char c = text_[position_++];
  switch (c) {
    case 'n': out += '\n'; return true;
    case 't': out += '\t'; return true;
    case 'r': out += '\r'; return true;
    case 'b': out += '\b'; return true;
    case 'f': out += '\f'; return true;
    case 'u': break;
    default: out += c; return c == '"' || c == '\\' || c == '/' || c == '\'';
  }
  std::uint32_t code = 0;
  if (!read_hex(code)) return false;
  if (code >= 0xD800 && code < 0xDC00 && text_.substr(position_).starts_with("\\u")) {
    position_ += 2;
    std::uint32_t low = 0;
    if (!read_hex(low) || low < 0xDC00 || low > 0xDFFF) return false;
    code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
  } else if (code >= 0xD800 && code < 0xE000) {
    return false;
  }
  append_utf8(out, code);
  return true;
}

// The opening quote has been consumed.
std::string_view JsonCursor::escaped_string() {
  auto& out = arena_.emplace_back();
  while (position_ < text_.size()) {
    char c = text_[position_++];
    if (c == '"') return out;
    if (c != '\\') {
      out += c;
    } else if (!append_escape(out)) {
      break;
    }
  }
  return fail();
}

}  // namespace rmq::namesrv
