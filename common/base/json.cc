#include "common/base/json.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <vector>

namespace rmq {
namespace {

using nlohmann::json;

// Builds the document while counting depth and values; stops at the first excess, so memory stays bounded.
class LimitedBuilder final : public nlohmann::json_sax<json> {
 public:
  LimitedBuilder(json& root, const JsonLimits& limits) : builder_(root, false), limits_(limits) {}

  bool null() override { return count() && builder_.null(); }
  bool boolean(bool v) override { return count() && builder_.boolean(v); }
  bool number_integer(json::number_integer_t v) override { return count() && builder_.number_integer(v); }
  bool number_unsigned(json::number_unsigned_t v) override { return count() && builder_.number_unsigned(v); }
  bool number_float(json::number_float_t v, const std::string& s) override {
    return count() && builder_.number_float(v, s);
  }
  bool string(std::string& v) override { return count() && builder_.string(v); }
  bool binary(json::binary_t& v) override { return count() && builder_.binary(v); }
  bool start_object(std::size_t) override { return enter() && builder_.start_object(static_cast<std::size_t>(-1)); }
  bool end_object() override { return leave() && builder_.end_object(); }
  bool start_array(std::size_t) override { return enter() && builder_.start_array(static_cast<std::size_t>(-1)); }
  bool end_array() override { return leave() && builder_.end_array(); }
  bool key(std::string& v) override { return builder_.key(v); }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception& error) override {
    message_ = error.what();
    return false;
  }

  const std::string& message() const { return message_; }

 private:
  bool count() {
    if (++values_ <= limits_.max_values) return true;
    message_ = "more than " + std::to_string(limits_.max_values) + " values";
    return false;
  }
  bool enter() {
    if (++depth_ > limits_.max_depth) {
      message_ = "nested deeper than " + std::to_string(limits_.max_depth);
      return false;
    }
    return count();
  }
  bool leave() {
    --depth_;
    return true;
  }

  nlohmann::detail::json_sax_dom_parser<json> builder_;
  const JsonLimits& limits_;
  std::size_t depth_ = 0;
  std::size_t values_ = 0;
  std::string message_;
};

// Rewrites fastjson's dialect into strict JSON, in one pass without recursion.
class StrictWriter {
 public:
  StrictWriter(std::string_view in, const JsonLimits& limits) : in_(in), limits_(limits) {}

  Result<std::string> run() {
    out_.reserve(in_.size() + in_.size() / 8);
    while (position_ < in_.size()) {
      const char c = in_[position_];
      if (expecting_key_ && c != ' ' && c != '\n' && c != '\r' && c != '\t' && c != ',' && c != '}') {
        RMQ_CHECK_OK(key());
        continue;
      }
      switch (c) {
        case '"': RMQ_CHECK_OK(copy_string()); continue;
        case '{': RMQ_CHECK_OK(open('{')); break;
        case '[': RMQ_CHECK_OK(open('[')); break;
        case '}':
        case ']':
          if (!stack_.empty()) stack_.pop_back();
          expecting_key_ = false;
          break;
        case ',': expecting_key_ = !stack_.empty() && stack_.back() == '{'; break;
        default: break;
      }
      out_ += c;
      ++position_;
    }
    return std::move(out_);
  }

 private:
  Status open(char bracket) {
    if (stack_.size() >= limits_.max_depth) {
      return fail(ErrorKind::kInvalid, "JSON nested deeper than " + std::to_string(limits_.max_depth));
    }
    stack_.push_back(bracket);
    expecting_key_ = bracket == '{';
    return {};
  }

  // The end of the string that starts at `from` (its opening quote), one past the closing quote.
  Result<std::size_t> string_end(std::size_t from) const {
    for (std::size_t i = from + 1; i < in_.size(); ++i) {
      if (in_[i] == '\\') {
        ++i;
      } else if (in_[i] == '"') {
        return i + 1;
      }
    }
    return fail(ErrorKind::kInvalid, "JSON ends inside a string");
  }

  Status copy_string() {
    RMQ_TRY(auto end, string_end(position_));
    out_ += in_.substr(position_, end - position_);
    position_ = end;
    return {};
  }

  Status key() {
    expecting_key_ = false;
    if (in_[position_] == '"') return copy_string();
    if (in_[position_] == '{') return object_key();
    auto end = in_.find_first_of(": \t\r\n,{}[]\"", position_);
    if (end == std::string_view::npos || end == position_) return fail(ErrorKind::kInvalid, "JSON key expected");
    append_json_string(out_, in_.substr(position_, end - position_));
    position_ = end;
    return {};
  }

  Status object_key() {
    std::size_t depth = 0;
    for (std::size_t i = position_; i < in_.size();) {
      if (in_[i] == '"') {
        RMQ_TRY(i, string_end(i));
        continue;
      }
      if (in_[i] == '{' && ++depth > limits_.max_depth) break;
      if (in_[i] == '}' && --depth == 0) {
        append_json_string(out_, in_.substr(position_, i + 1 - position_));
        position_ = i + 1;
        return {};
      }
      ++i;
    }
    return fail(ErrorKind::kInvalid, "JSON ends inside an object key, or it is nested too deep");
  }

  std::string_view in_;
  const JsonLimits& limits_;
  std::string out_;
  std::vector<char> stack_;
  std::size_t position_ = 0;
  bool expecting_key_ = false;
};

}  // namespace

Result<json> parse_json(std::string_view text, const JsonLimits& limits) {
  json root;
  LimitedBuilder builder(root, limits);
  if (!json::sax_parse(text.begin(), text.end(), &builder)) {
    return fail(ErrorKind::kInvalid, "JSON: " + builder.message());
  }
  return root;
}

Result<json> parse_fastjson(std::string_view text, const JsonLimits& limits) {
  RMQ_TRY(auto strict, StrictWriter(text, limits).run());
  return parse_json(strict, limits);
}

void append_json_string(std::string& out, std::string_view text) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (c) {
      case '"': out += "\\\""; break;
      case '\\': out += "\\\\"; break;
      case '\n': out += "\\n"; break;
      case '\r': out += "\\r"; break;
      case '\t': out += "\\t"; break;
      default:
        out += "\\u00";
        out += kHex[c >> 4];
        out += kHex[c & 15];
    }
  }
  out.append(text, plain, text.size() - plain);
  out += '"';
}

}  // namespace rmq
