// What travels on the HA port of fixed roles, byte for byte as the original's store/ha/DefaultHAClient and
// DefaultHAConnection have it; big-endian.
//
//   slave  -> master  ack     the slave's end i64: at once, after data, and as a heartbeat                 8 bytes
//   master -> slave   header  offset i64, body size i32 (0: a heartbeat), and the body: bytes of the log   12 bytes
//
// Pure; everything a peer sent is checked.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/result.h"

namespace rmq::replication {

inline constexpr std::size_t kClassicAckBytes = 8;
inline constexpr std::size_t kClassicHeaderBytes = 12;

struct ClassicHeader {
  std::int64_t offset = 0;
  std::int32_t body_bytes = 0;
  bool operator==(const ClassicHeader&) const = default;
};

std::array<char, kClassicAckBytes> encode_classic_ack(std::int64_t end);
std::array<char, kClassicHeaderBytes> encode(const ClassicHeader& header);

// As in autoswitch.h: nothing when more is needed, kInvalid for what no peer sends.
Result<std::optional<std::int64_t>> take_classic_ack(std::string_view& bytes);
Result<std::optional<ClassicHeader>> take_classic_header(std::string_view& bytes);

}  // namespace rmq::replication
