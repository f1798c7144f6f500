#include "common/base/properties_text.h"

#include <algorithm>
#include <cstdint>

namespace rmq {
namespace {

constexpr std::size_t kMaxBytes = 1024 * 1024;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\f';
}

void append_utf8(std::string& out, std::uint32_t code) {
  if (code < 0x80) {
    out += static_cast<char>(code);
  } else if (code < 0x800) {
    out += static_cast<char>(0xc0 | (code >> 6));
    out += static_cast<char>(0x80 | (code & 0x3f));
  } else {
    out += static_cast<char>(0xe0 | (code >> 12));
    out += static_cast<char>(0x80 | ((code >> 6) & 0x3f));
    out += static_cast<char>(0x80 | (code & 0x3f));
  }
}

// Joins physical lines into logical ones: an odd number of trailing backslashes continues on the next line.
std::string next_logical_line(std::string_view text, std::size_t& position) {
  std::string line;
  bool first = true;
  while (position < text.size()) {
    auto end = text.find_first_of("\r\n", position);
    auto part = text.substr(position, end == std::string_view::npos ? std::string_view::npos : end - position);
    position = end == std::string_view::npos ? text.size() : end + 1;
    if (end != std::string_view::npos && text[end] == '\r' && position < text.size() && text[position] == '\n') {
      ++position;
    }
    while (!part.empty() && is_blank(part.front())) part.remove_prefix(1);
    if (first && (part.empty() || part.front() == '#' || part.front() == '!')) return {};
    first = false;
    std::size_t slashes = 0;
    while (slashes < part.size() && part[part.size() - 1 - slashes] == '\\') ++slashes;
    if (slashes % 2 == 0) return line.append(part);
    line.append(part.substr(0, part.size() - 1));
  }
  return line;
}

Result<std::string> unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    switch (text[++i]) {
      case 't': out += '\t'; break;
      case 'n': out += '\n'; break;
      case 'r': out += '\r'; break;
      case 'f': out += '\f'; break;
      case 'u': {
        std::uint32_t code = 0;
        if (i + 4 >= text.size()) return fail(ErrorKind::kInvalid, "properties: broken \\u escape");
        for (int digit = 0; digit < 4; ++digit) {
          const char c = text[++i];
          const int value = c >= '0' && c <= '9'   ? c - '0'
                            : c >= 'a' && c <= 'f' ? c - 'a' + 10
                            : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                   : -1;
          if (value < 0) return fail(ErrorKind::kInvalid, "properties: broken \\u escape");
          code = code * 16 + static_cast<std::uint32_t>(value);
        }
        append_utf8(out, code);
        break;
      }
      default: out += text[i];
    }
  }
  return out;
}

}  // namespace

Result<Properties> parse_properties(std::string_view text) {
  if (text.size() > kMaxBytes) return fail(ErrorKind::kInvalid, "properties: more than 1 MiB");
  Properties properties;
  std::size_t position = 0;
  while (position < text.size()) {
    const auto line = next_logical_line(text, position);
    if (line.empty()) continue;
    std::size_t key_end = 0;
    while (key_end < line.size()) {
      const char c = line[key_end];
      if (c == '\\') {
        key_end += 2;
        continue;
      }
      if (c == '=' || c == ':' || is_blank(c)) break;
      ++key_end;
    }
    key_end = std::min(key_end, line.size());
    std::size_t value_start = key_end;
    while (value_start < line.size() && is_blank(line[value_start])) ++value_start;
    if (value_start < line.size() && (line[value_start] == '=' || line[value_start] == ':')) ++value_start;
    while (value_start < line.size() && is_blank(line[value_start])) ++value_start;
    RMQ_TRY(auto key, unescape(std::string_view(line).substr(0, key_end)));
    RMQ_TRY(auto value, unescape(std::string_view(line).substr(value_start)));
    while (!value.empty() && is_blank(value.back())) value.pop_back();  // friendlier than Java: "8 " is 8
    properties[std::move(key)] = std::move(value);
  }
  return properties;
}

std::string format_properties(const Properties& properties) {
  std::string out;
  for (const auto& [key, value] : properties) {
    out += key;
    out += '=';
    out += value;
    out += '\n';
  }
  return out;
}

}  // namespace rmq
