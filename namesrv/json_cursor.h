// Walks a JSON text once, without building a tree: a registration of 10,000 topics is a megabyte that comes every 30 s
// from each broker. Takes what fastjson writes (bare keys too). Bounded: no recursion but the caller's own, and skipped
// values may nest kMaxDepth deep.
#pragma once

#include <charconv>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

namespace rmq::namesrv {

// After the first error every read gives nothing and ok() stays false; callers check once at the end.
class JsonCursor {
 public:
  static constexpr int kMaxDepth = 64;

  // Views of strings point into `text`, or into `arena` where an escape had to be resolved.
  JsonCursor(std::string_view text, std::deque<std::string>& arena) : text_(text), arena_(arena) {}

  bool ok() const { return ok_; }
  // True if nothing but white space is left.
  bool at_end() {
    skip_space();
    return ok_ && position_ == text_.size();
  }

  // Consumes `null` if it comes next.
  bool null() {
    skip_space();
    if (!text_.substr(position_).starts_with("null")) return false;
    position_ += 4;
    return true;
  }

  // Calls member(key) at each value; it must consume it. A null object has no members.
  template <class F>
  void object(F&& member) {
    if (null() || !take('{')) return;
    if (try_take('}')) return;
    do {
      skip_space();
      auto name = key();
      if (!take(':')) return;
      member(name);
    } while (ok_ && try_take(','));
    take('}');
  }

  template <class F>
  void array(F&& element) {
    if (null() || !take('[')) return;
    if (try_take(']')) return;
    do {
      element();
    } while (ok_ && try_take(','));
    take(']');
  }

  // Null reads as an empty string.
  std::string_view string() {
    skip_space();
    if (null()) return {};
    if (position_ >= text_.size() || text_[position_] != '"') return fail();
    auto start = ++position_;
    auto end = text_.find_first_of("\"\\", start);
    if (end == std::string_view::npos) return fail();
    if (text_[end] == '"') {
      position_ = end + 1;
      return text_.substr(start, end - start);
    }
    return escaped_string();
  }

  // A number, or a string that holds one; fractions are cut off, null reads as 0.
  std::int64_t integer() {
    skip_space();
    if (null()) return 0;
    if (position_ < text_.size() && text_[position_] == '"') return parse(string());
    auto end = text_.find_first_of(",}] \t\r\n:", position_);
    if (end == std::string_view::npos) end = text_.size();
    auto token = text_.substr(position_, end - position_);
    position_ = end;
    return parse(token);
  }

  bool boolean() {
    skip_space();
    if (null()) return false;
    for (std::string_view word : {"true", "false"}) {
      if (!text_.substr(position_).starts_with(word)) continue;
      position_ += word.size();
      return word == "true";
    }
    fail();
    return false;
  }

  void skip() {
    int depth = 0;
    do {
      skip_space();
      if (position_ >= text_.size()) return void(fail());
      char c = text_[position_];
      if (c == '"') {
        skip_string();
      } else if (c == '{' || c == '[') {
        if (++depth > kMaxDepth) return void(fail());
        ++position_;
      } else if (c == '}' || c == ']') {
        if (--depth < 0) return void(fail());
        ++position_;
      } else if (c == ',' || c == ':') {
        if (depth == 0) return void(fail());
        ++position_;
      } else {
        auto end = text_.find_first_of(",:{}[]\" \t\r\n", position_);
        if (end == position_) return void(fail());
        position_ = end == std::string_view::npos ? text_.size() : end;
      }
    } while (ok_ && depth > 0);
  }

 private:
  std::string_view fail() {
    ok_ = false;
    position_ = text_.size();
    return {};
  }
  void skip_space() {
    while (position_ < text_.size() &&
           (text_[position_] == ' ' || (text_[position_] >= '\t' && text_[position_] <= '\r'))) {
      ++position_;
    }
  }
  bool try_take(char c) {
    skip_space();
    if (position_ >= text_.size() || text_[position_] != c) return false;
    ++position_;
    return true;
  }
  bool take(char c) {
    if (ok_ && try_take(c)) return true;
    fail();
    return false;
  }
  std::string_view key() {
    if (position_ < text_.size() && text_[position_] == '"') return string();
    auto end = text_.find_first_of(": \t\r\n,{}[]\"", position_);
    if (end == std::string_view::npos || end == position_) return fail();
    auto name = text_.substr(position_, end - position_);
    position_ = end;
    return name;
  }
  std::int64_t parse(std::string_view token) {
    std::int64_t value = 0;
    auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), value);
    bool whole = end == token.data() + token.size() || (end != token.data() && (*end == '.' || *end == 'L'));
    if (error != std::errc{} || !whole) fail();
    return ok_ ? value : 0;
  }
  void skip_string() {
    for (++position_; position_ < text_.size(); ++position_) {
      if (text_[position_] == '\\') {
        ++position_;
      } else if (text_[position_] == '"') {
        ++position_;
        return;
      }
    }
    fail();
  }
  std::string_view escaped_string();
  bool append_escape(std::string& out);
  bool read_hex(std::uint32_t& value);

  std::string_view text_;
  std::deque<std::string>& arena_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace rmq::namesrv
