// CRC-32 (IEEE 802.3, as java.util.zip.CRC32), with the processor's carry-less multiplication where it has one.
#pragma once

#include <cstdint>
#include <string_view>

namespace rmq {

std::uint32_t crc32(std::string_view bytes);

// RocketMQ stores and sends checksums with the sign bit cleared.
inline std::int32_t crc32_positive(std::string_view bytes) {
  return static_cast<std::int32_t>(crc32(bytes) & 0x7fffffffU);
}

}  // namespace rmq
