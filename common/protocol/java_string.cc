#include "common/protocol/java_string.h"

#include <cstddef>

namespace rmq::protocol {
namespace {

constexpr std::uint32_t kReplacement = 0xfffd;

// Reads one character at `i`, whose first byte is not ASCII; moves `i` behind it.
std::uint32_t decode_one(std::string_view text, std::size_t& i) {
  const auto lead = static_cast<unsigned char>(text[i++]);
  // How many bytes follow, and between what the first of them must lie (Unicode, table 3-7).
  int more = 0;
  unsigned char low = 0x80, high = 0xbf;
  if (lead >= 0xc2 && lead <= 0xdf) {
    more = 1;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    more = 2;
    if (lead == 0xe0) low = 0xa0;
    if (lead == 0xed) high = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    more = 3;
    if (lead == 0xf0) low = 0x90;
    if (lead == 0xf4) high = 0x8f;
  } else {
    return kReplacement;
  }
  std::uint32_t point = lead & (0x3fU >> more);
  for (; more > 0; --more) {
    if (i == text.size()) return kReplacement;
    const auto next = static_cast<unsigned char>(text[i]);
    if (next < low || next > high) return kReplacement;
    point = point << 6 | (next & 0x3fU);
    low = 0x80;
    high = 0xbf;
    ++i;
  }
  return point;
}

}  // namespace

std::int32_t java_hash(std::string_view utf8, std::int32_t seed) {
  auto hash = static_cast<std::uint32_t>(seed);
  for (std::size_t i = 0; i < utf8.size();) {
    const auto c = static_cast<unsigned char>(utf8[i]);
    if (c < 0x80) {
      hash = hash * 31 + c;
      ++i;
      continue;
    }
    std::uint32_t point = decode_one(utf8, i);
    if (point >= 0x10000) {
      point -= 0x10000;
      hash = hash * 31 + (0xd800 + (point >> 10));
      point = 0xdc00 + (point & 0x3ff);
    }
    hash = hash * 31 + point;
  }
  return static_cast<std::int32_t>(hash);
}

}  // namespace rmq::protocol
