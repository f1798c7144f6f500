// The JSON header parser: one pass, no allocation once its memory has grown to its connection's frames.
#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>

#include "common/protocol/header_fields.h"

namespace rmq::protocol::internal {
namespace {

constexpr int kMaxDepth = 32;
constexpr std::size_t kScratchSlack = 16;  // words are copied whole, so a copy may run over by 7 bytes

// Bit 7 of each byte of `word` that is a quote or a backslash; exact up to and including the lowest such byte.
std::uint64_t quote_or_backslash(std::uint64_t word) {
  constexpr std::uint64_t kOnes = 0x0101010101010101ULL;
  constexpr std::uint64_t kHigh = 0x8080808080808080ULL;
  const std::uint64_t quote = word ^ (kOnes * '"');
  const std::uint64_t backslash = word ^ (kOnes * '\\');
  return (((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash)) & kHigh;
}

class JsonHeaderParser {
 public:
  JsonHeaderParser(std::string_view text, CommandView& view, std::string& scratch)
      : p_(text.data()), end_(text.data() + text.size()), size_(text.size()), view_(view), scratch_(scratch) {}

  // nullptr, or what is wrong.
  const char* run() {
    if (!consume('{')) return "header is not a JSON object";
    if (!consume('}')) {
      do {
        std::string_view key;
        if (!string(key) || !consume(':') || !member(key)) return error_;
      } while (consume(','));
      if (!consume('}')) return error_;
    }
    skip_space();
    return p_ == end_ ? nullptr : "bytes behind the JSON header";
  }

 private:
  enum class Kind { kString, kLiteral, kNull, kNested };
  struct Value {
    std::string_view text;
    Kind kind = Kind::kNull;
  };

  bool member(std::string_view key) {
    switch (key.size()) {
      case 4:
        if (key == "code") return integer(view_.code);
        if (key == "flag") return integer(view_.flag);
        break;
      case 6:
        if (key == "opaque") return integer(view_.opaque);
        if (key == "remark") {
          Value v;
          if (!value(v)) return false;
          view_.remark = v.text;
          return true;
        }
        break;
      case 7:
        if (key == "version") {
          std::int32_t version = 0;
          if (!integer(version)) return false;
          view_.version =
              static_cast<std::int16_t>(std::clamp<std::int32_t>(version, 0, std::numeric_limits<std::int16_t>::max()));
          return true;
        }
        break;
      case 8:
        if (key == "language") return language();
        break;
      case 9:
        if (key == "extFields") return ext_fields();
        break;
      default: break;
    }
    Value ignored;
    return value(ignored);
  }

  bool language() {
    Value v;
    if (!value(v)) return false;
    if (v.kind == Kind::kString) {
      view_.language = language_from_name(v.text);
      return true;
    }
    unsigned ordinal = 0;
    const auto parsed = std::from_chars(v.text.data(), v.text.data() + v.text.size(), ordinal);
    const bool known = parsed.ec == std::errc{} && ordinal <= static_cast<unsigned>(Language::kNodeJs);
    view_.language = known ? static_cast<Language>(ordinal) : Language::kOther;
    return true;
  }

  bool integer(std::int32_t& to) {
    Value v;
    if (!value(v)) return false;
    if (v.kind == Kind::kNull) return true;
    const auto [end, error] = std::from_chars(v.text.data(), v.text.data() + v.text.size(), to);
    if (error == std::errc{} && end == v.text.data() + v.text.size()) return true;
    error_ = "a number of the header is malformed";
    return false;
  }

  bool ext_fields() {
    view_.ext_fields.clear();
    if (!consume('{')) {
      Value v;
      if (value(v) && v.kind == Kind::kNull) return true;
      error_ = "extFields is not an object";
      return false;
    }
    if (consume('}')) return true;
    FieldSet fields(view_.ext_fields);
    do {
      std::string_view key;
      Value v;
      if (!string(key) || !consume(':') || !value(v)) return false;
      if (v.kind == Kind::kNull) {
        fields.remove(key);
      } else if (!fields.put(key, v.text)) {
        error_ = "too many extFields";
        return false;
      }
    } while (consume(','));
    return consume('}');
  }

  // A string's text unescaped, a literal's or nested value's text as it stands, an empty text for null.
  bool value(Value& v) {
    skip_space();
    if (p_ == end_) return false;
    if (*p_ == '"') {
      v.kind = Kind::kString;
      return string(v.text);
    }
    const char* const start = p_;
    if (*p_ == '{' || *p_ == '[') {
      v.kind = Kind::kNested;
      if (!skip_nested()) return false;
      v.text = {start, static_cast<std::size_t>(p_ - start)};
      return true;
    }
    while (p_ != end_ && is_literal(*p_)) ++p_;
    v.text = {start, static_cast<std::size_t>(p_ - start)};
    if (v.text == "null") {
      v = {};
      return true;
    }
    v.kind = Kind::kLiteral;
    return v.text == "true" || v.text == "false" || is_number(v.text);
  }

  static bool is_literal(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-' || c == '+' || c == '.' || c == 'E';
  }
  static bool is_number(std::string_view text) {
    if (!text.empty() && text[0] == '-') text.remove_prefix(1);
    return !text.empty() && text[0] >= '0' && text[0] <= '9' &&
           text.find_first_not_of("0123456789+-.eE") == std::string_view::npos;
  }

  // Past an object or array nobody asked for. Its brackets must match; what is between them is not looked at.
  bool skip_nested() {
    char stack[kMaxDepth];
    int depth = 0;
    for (; p_ != end_; ++p_) {
      switch (*p_) {
        case '"':
          if (!skip_string()) return false;
          --p_;
          break;
        case '{':
        case '[':
          if (depth == kMaxDepth) {
            error_ = "JSON header nested too deep";
            return false;
          }
          stack[depth++] = *p_ == '{' ? '}' : ']';
          break;
        case '}':
        case ']':
          if (stack[--depth] != *p_) return false;
          if (depth == 0) {
            ++p_;
            return true;
          }
          break;
        default: break;
      }
    }
    return false;
  }

  bool skip_string() {
    for (++p_; p_ != end_; ++p_) {
      if (*p_ == '"') {
        ++p_;
        return true;
      }
      if (*p_ == '\\' && ++p_ == end_) return false;
    }
    return false;
  }

  // Raw control characters are let through, as fastjson does.
  bool string(std::string_view& text) {
    skip_space();
    if (p_ == end_ || *p_ != '"') return false;
    const char* const start = ++p_;
    find_special();
    if (p_ == end_) return false;
    if (*p_ == '"') {
      text = {start, static_cast<std::size_t>(p_ - start)};
      ++p_;
      return true;
    }
    return unescape(start, text);
  }

  // Moves to the next quote or backslash, or to the end.
  void find_special() {
    if constexpr (std::endian::native == std::endian::little) {
      while (end_ - p_ >= 8) {
        std::uint64_t word;
        std::memcpy(&word, p_, 8);
        if (const auto hits = quote_or_backslash(word); hits != 0) {
          p_ += std::countr_zero(hits) >> 3;
          return;
        }
        p_ += 8;
      }
    }
    while (p_ != end_ && *p_ != '"' && *p_ != '\\') ++p_;
  }

  // p_ is at the first backslash of the string that starts at `start`.
  bool unescape(const char* start, std::string_view& text) {
    if (out_ == nullptr) {
      // An escape is never shorter than what it stands for, so the header's size is enough for all of its strings.
      if (scratch_.size() < size_ + kScratchSlack) scratch_.resize(size_ + kScratchSlack);
      out_ = scratch_.data();
    }
    char* const begin = out_;
    std::memcpy(out_, start, static_cast<std::size_t>(p_ - start));
    out_ += p_ - start;
    while (p_ != end_) {
      if (*p_ == '"') {
        ++p_;
        text = {begin, static_cast<std::size_t>(out_ - begin)};
        return true;
      }
      if (*p_ == '\\') {
        if (!escape()) return false;
        continue;
      }
      copy_plain();
    }
    return false;
  }

  void copy_plain() {
    if constexpr (std::endian::native == std::endian::little) {
      while (end_ - p_ >= 8) {
        std::uint64_t word;
        std::memcpy(&word, p_, 8);
        std::memcpy(out_, &word, 8);
        const auto hits = quote_or_backslash(word);
        const int count = hits == 0 ? 8 : std::countr_zero(hits) >> 3;
        p_ += count;
        out_ += count;
        if (hits != 0) return;
      }
    }
    while (p_ != end_ && *p_ != '"' && *p_ != '\\') *out_++ = *p_++;
  }

  bool escape() {
    if (end_ - p_ < 2) return false;
    const char c = p_[1];
    if (c == 'u') return unicode_escape();
    p_ += 2;
    switch (c) {
      case '"':
      case '\\':
      case '/':
      case '\'': *out_++ = c; return true;
      case 'b': *out_++ = '\b'; return true;
      case 'f': *out_++ = '\f'; return true;
      case 'n': *out_++ = '\n'; return true;
      case 'r': *out_++ = '\r'; return true;
      case 't': *out_++ = '\t'; return true;
      case 'v': *out_++ = '\v'; return true;
      case '0':
      case '1':
      case '2':
      case '3':
      case '4':
      case '5':
      case '6':
      case '7':  // fastjson's
        *out_++ = static_cast<char>(c - '0');
        return true;
      default: error_ = "unknown escape in the JSON header"; return false;
    }
  }

  static int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
  }
  // The code unit of the \uXXXX at `from`, -1 if there is none.
  int code_unit(const char* from) const {
    if (end_ - from < 6 || from[0] != '\\' || from[1] != 'u') return -1;
    const int a = hex_digit(from[2]), b = hex_digit(from[3]), c = hex_digit(from[4]), d = hex_digit(from[5]);
    return (a | b | c | d) < 0 ? -1 : a << 12 | b << 8 | c << 4 | d;
  }

  bool unicode_escape() {
    const int unit = code_unit(p_);
    if (unit < 0) {
      error_ = "broken \\u escape in the JSON header";
      return false;
    }
    p_ += 6;
    auto put = [&](int byte) { *out_++ = static_cast<char>(byte); };
    if (unit < 0x80) {
      put(unit);
    } else if (unit < 0x800) {
      put(0xc0 | unit >> 6);
      put(0x80 | (unit & 0x3f));
    } else if (unit < 0xd800 || unit > 0xdfff) {
      put(0xe0 | unit >> 12);
      put(0x80 | (unit >> 6 & 0x3f));
      put(0x80 | (unit & 0x3f));
    } else {
      const int low = unit < 0xdc00 ? code_unit(p_) : -1;
      if (low < 0xdc00 || low > 0xdfff) {
        put('?');  // half a pair: what Java's UTF-8 encoder makes of it
        return true;
      }
      p_ += 6;
      const int point = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
      put(0xf0 | point >> 18);
      put(0x80 | (point >> 12 & 0x3f));
      put(0x80 | (point >> 6 & 0x3f));
      put(0x80 | (point & 0x3f));
    }
    return true;
  }

  void skip_space() {
    while (p_ != end_ && (*p_ == ' ' || *p_ == '\n' || *p_ == '\r' || *p_ == '\t')) ++p_;
  }
  bool consume(char c) {
    if (p_ == end_ || *p_ != c) {
      skip_space();
      if (p_ == end_ || *p_ != c) return false;
    }
    ++p_;
    return true;
  }

  const char* p_;
  const char* const end_;
  const std::size_t size_;
  CommandView& view_;
  std::string& scratch_;
  char* out_ = nullptr;
  const char* error_ = "malformed JSON header";
};

}  // namespace

const char* parse_json_header(std::string_view text, CommandView& view, std::string& scratch) {
  return JsonHeaderParser(text, view, scratch).run();
}

}  // namespace rmq::protocol::internal
