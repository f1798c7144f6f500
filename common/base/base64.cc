#include "common/base/base64.h"

#include <algorithm>
#include <cstdint>

namespace rmq {
namespace {

constexpr char kAlphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int value_of(char c) {
  if (c >= 'A' && c <= 'Z') return c - 'A';
  if (c >= 'a' && c <= 'z') return c - 'a' + 26;
  if (c >= '0' && c <= '9') return c - '0' + 52;
  if (c == '+') return 62;
  if (c == '/') return 63;
  return -1;
}

}  // namespace

Result<std::string> decode_base64(std::string_view text) {
  std::string out;
  out.reserve(text.size() / 4 * 3);
  std::uint32_t group = 0;
  int filled = 0;
  int padding = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') continue;
    const int value = c == '=' ? 0 : value_of(c);
    if (value < 0 || (padding > 0 && c != '=')) return fail(ErrorKind::kInvalid, "base64: foreign character");
    if (c == '=' && ++padding > 2) return fail(ErrorKind::kInvalid, "base64: too much padding");
    group = group << 6 | static_cast<std::uint32_t>(value);
    if (++filled < 4) continue;
    for (int shift = 16; shift >= 8 * padding; shift -= 8) out += static_cast<char>(group >> shift & 0xff);
    if (padding > 0 && out.size() % 3 == 0) return fail(ErrorKind::kInvalid, "base64: wrong padding");
    group = 0;
    filled = 0;
    if (padding > 0) padding = 3;  // anything that follows is an error
  }
  if (filled != 0) return fail(ErrorKind::kInvalid, "base64: incomplete");
  return out;
}

std::string encode_base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    const std::size_t digits = std::min<std::size_t>(bytes.size() - i, 3) + 1;
    for (std::size_t j = 0; j < 4; ++j) out += j < digits ? kAlphabet[group >> (18 - 6 * j) & 63] : '=';
  }
  return out;
}

}  // namespace rmq
