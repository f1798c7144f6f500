// The two ids of a message, both as upper-case hexadecimal text of 32 (IPv4) or 56 (IPv6) characters.
//   offset id: store host's ip 4|16, port i32, physical offset i64 (MessageDecoder.createMessageId)
//   unique id: client's ip 4|16, pid i16, class loader hash i32, ms since the month's start i32, counter i16
//              (MessageClientIDSetter.createUniqID)
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rmq::protocol {

// `ip` is 4 or 16 bytes in network order; anything else gives an empty id.
void append_offset_message_id(std::string& out, std::string_view ip, std::int32_t port, std::int64_t offset);
std::string offset_message_id(std::string_view ip, std::int32_t port, std::int64_t offset);

struct OffsetMessageId {
  std::string ip;  // 4 or 16 bytes
  std::int32_t port = 0;
  std::int64_t offset = 0;
  bool operator==(const OffsetMessageId&) const = default;
};
Result<OffsetMessageId> decode_offset_message_id(std::string_view text);

// Deterministic given its inputs. Thread-safe. Ids of one generator repeat only after 65536 within one millisecond.
class UniqIdGenerator {
 public:
  // `instance` takes the place of the class loader's hash: anything that tells processes on one host apart.
  UniqIdGenerator(std::string_view ip, std::uint16_t pid, std::int32_t instance, std::uint16_t first_counter = 0);

  std::string next(std::int64_t wall_ms);

 private:
  std::string prefix_;  // hexadecimal already
  std::atomic<std::uint16_t> counter_;
};

struct UniqId {
  std::string ip;
  std::uint16_t pid = 0;
  std::int32_t instance = 0;
  std::int32_t ms_in_month = 0;  // since the month's start in the client's time zone
  std::uint16_t counter = 0;
};
Result<UniqId> decode_uniq_id(std::string_view text);

}  // namespace rmq::protocol
