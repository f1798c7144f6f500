// What travels on the HA port in controller mode ("AutoSwitch"), byte for byte as the original's
// store/ha/autoswitch/AutoSwitchHAClient and AutoSwitchHAConnection have it; all integers big-endian.
//
//   slave  -> master  hello   state i32 = 1, syncFromLastFile i16, asyncLearner i16, broker id i64        16 bytes
//   master -> slave   hello   state i32 = 1, body size i32, end i64, last epoch i32; body: {epoch i32, start i64}...
//   slave  -> master  ack     state i32 = 2, end i64                                                      12 bytes
//   master -> slave   header  state i32 = 2, body size i32, offset i64, epoch i32, epoch start i64, confirm offset i64
//                             and the body: bytes of the log                                              36 bytes
//
// Between two of ours (docs/replication.md, "On the wire"): bit 1 of asyncLearner says "ours"; such a slave is answered
// with state 101 in the hello, whose epoch is then the one of the mastership, and gets pings: a header of state 100
// without body whose offset is a number that comes back in an ack of state 100.
//
// Pure; everything a peer sent is checked.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/replication/rules/epochs.h"
#include "common/base/result.h"

namespace rmq::replication {

inline constexpr std::int32_t kStateHandshake = 1;
inline constexpr std::int32_t kStateTransfer = 2;
inline constexpr std::int32_t kStatePing = 100;          // ours only
inline constexpr std::int32_t kStateOurHandshake = 101;  // ours only

inline constexpr std::size_t kSlaveHelloBytes = 16;
inline constexpr std::size_t kSlaveAckBytes = 12;
inline constexpr std::size_t kMasterHelloBytes = 20;
inline constexpr std::size_t kTransferHeaderBytes = 36;
inline constexpr std::size_t kWireEpochBytes = 12;
inline constexpr std::int32_t kMaxBodyBytes = 1 << 30;  // a batch lies within one file of the log

struct SlaveHello {
  bool sync_from_last_file = false;
  bool learner = false;  // never counts
  bool ours = false;     // a learner does not say so: the original would not see that it is one
  std::int64_t broker_id = 0;
  bool operator==(const SlaveHello&) const = default;
};

struct SlaveAck {
  std::int32_t state = kStateTransfer;  // or kStatePing
  std::int64_t offset = 0;              // the slave's end; of a ping: its number
  bool operator==(const SlaveAck&) const = default;
};

struct MasterHello {
  bool ours = false;
  std::int64_t end = 0;
  std::int32_t epoch = 0;          // ours: of the mastership; the original's: of the last entry, -1 without
  std::vector<EpochEntry> epochs;  // ascending
  bool operator==(const MasterHello&) const = default;
};

struct TransferHeader {
  std::int32_t state = kStateTransfer;  // or kStatePing
  std::int32_t body_bytes = 0;          // 0: a heartbeat
  std::int64_t offset = 0;
  std::int32_t epoch = 0;
  std::int64_t epoch_start = 0;
  std::int64_t confirm = 0;
  bool operator==(const TransferHeader&) const = default;
};

std::array<char, kSlaveHelloBytes> encode(const SlaveHello& hello);
std::array<char, kSlaveAckBytes> encode(const SlaveAck& ack);
std::string encode(const MasterHello& hello);
std::array<char, kTransferHeaderBytes> encode(const TransferHeader& header);

// Each takes what it decoded off the front of `bytes`. Nothing (and `bytes` as it was): more is needed. kInvalid: the
// peer does not speak this protocol, or lies.
Result<std::optional<SlaveHello>> take_slave_hello(std::string_view& bytes);
Result<std::optional<SlaveAck>> take_slave_ack(std::string_view& bytes);
Result<std::optional<MasterHello>> take_master_hello(std::string_view& bytes);
// The body stays in `bytes`.
Result<std::optional<TransferHeader>> take_transfer_header(std::string_view& bytes);

}  // namespace rmq::replication
