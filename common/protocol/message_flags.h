// The sysFlag bits of a message. Source: org.apache.rocketmq.common.sysflag.MessageSysFlag of release 5.5.0.
#pragma once

#include <cstdint>

namespace rmq::protocol {

struct MessageFlag {
  using T = std::int32_t;
  static constexpr T kCompressed = 0x1, kMultiTags = 0x2, kBornHostV6 = 0x10, kStoreHostV6 = 0x20, kNeedUnwrap = 0x40,
                     kInnerBatch = 0x80;
  // The transaction's state takes two bits.
  static constexpr T kTransactionMask = 0xc, kTransactionNone = 0, kTransactionPrepared = 0x4, kTransactionCommit = 0x8,
                     kTransactionRollback = 0xc;
  // Meaningful only with kCompressed; 0 there is ZLIB, too.
  static constexpr T kCompressionMask = 0x700, kCompressionLz4 = 0x100, kCompressionZstd = 0x200,
                     kCompressionZlib = 0x300;
};

constexpr std::int32_t transaction_type(std::int32_t sys_flag) {
  return sys_flag & MessageFlag::kTransactionMask;
}
constexpr std::int32_t with_transaction_type(std::int32_t sys_flag, std::int32_t type) {
  return (sys_flag & ~MessageFlag::kTransactionMask) | type;
}

// The sysFlag bits of a pull request (org.apache.rocketmq.common.sysflag.PullSysFlag).
struct PullFlag {
  using T = std::int32_t;
  static constexpr T kCommitOffset = 1, kSuspend = 2, kSubscription = 4, kClassFilter = 8, kLitePull = 16;
};

// A topic's permission bits (org.apache.rocketmq.common.constant.PermName).
struct Permission {
  using T = std::int32_t;
  static constexpr T kInherit = 1, kWrite = 2, kRead = 4, kPriority = 8;
};

// A topic's topicSysFlag and a group's groupSysFlag bits (org.apache.rocketmq.common.sysflag.TopicSysFlag).
struct TopicFlag {
  using T = std::int32_t;
  static constexpr T kUnit = 1, kUnitSub = 2;
};

}  // namespace rmq::protocol
