// Names of topics and groups: what they may be, and which are the system's own.
// Source: org.apache.rocketmq.common.topic.TopicValidator, common.MixAll, common.KeyBuilder of release 5.5.0.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rmq::broker {

inline constexpr std::string_view kRetryPrefix = "%RETRY%";
inline constexpr std::string_view kDlqPrefix = "%DLQ%";
inline constexpr std::string_view kSystemTopicPrefix = "rmq_sys_";
inline constexpr std::string_view kSystemGroupPrefix = "CID_RMQ_SYS_";

inline constexpr std::string_view kAutoCreateTopic = "TBW102";
inline constexpr std::string_view kScheduleTopic = "SCHEDULE_TOPIC_XXXX";
inline constexpr std::string_view kBenchmarkTopic = "BenchmarkTest";
inline constexpr std::string_view kTransHalfTopic = "RMQ_SYS_TRANS_HALF_TOPIC";
inline constexpr std::string_view kTransOpHalfTopic = "RMQ_SYS_TRANS_OP_HALF_TOPIC";
inline constexpr std::string_view kRocksDbTransHalfTopic = "RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC";
inline constexpr std::string_view kRocksDbTransOpHalfTopic = "RMQ_SYS_ROCKSDB_TRANS_OP_HALF_TOPIC";
inline constexpr std::string_view kTraceTopic = "RMQ_SYS_TRACE_TOPIC";
inline constexpr std::string_view kTransCheckMaxTimeTopic = "TRANS_CHECK_MAX_TIME_TOPIC";
inline constexpr std::string_view kSelfTestTopic = "SELF_TEST_TOPIC";
inline constexpr std::string_view kOffsetMovedTopic = "OFFSET_MOVED_EVENT";
inline constexpr std::string_view kCheckpointTopic = "CHECKPOINT_TOPIC";
inline constexpr std::string_view kTimerTopic = "rmq_sys_wheel_timer";
inline constexpr std::string_view kJournalTopic = "rmq_sys_BROKER_STATE";  // ours: docs/replication.md
inline constexpr std::string_view kReviveTopicPrefix = "rmq_sys_REVIVE_LOG_";
inline constexpr std::string_view kSyncMemberTopicPrefix = "rmq_sys_SYNC_BROKER_MEMBER_";
inline constexpr std::string_view kReplyTopicPostfix = "REPLY_TOPIC";

inline constexpr std::string_view kToolsGroup = "TOOLS_CONSUMER";

// Permission bits of a topic and of a broker.
inline constexpr std::int32_t kPermPriority = 8, kPermRead = 4, kPermWrite = 2, kPermInherit = 1;
inline bool is_valid_perm(std::int32_t perm) {
  return perm >= 0 && perm < kPermPriority;
}

// Bits of topicSysFlag.
inline constexpr std::int32_t kTopicUnit = 1, kTopicUnitSub = 2;

// kInvalid with the original's words.
Status validate_topic(std::string_view topic);
Status validate_group(std::string_view group);

// The names built in; the broker's own (named after cluster and broker) are TopicManager's to know.
bool is_system_topic_name(std::string_view topic);
// Topics that clients may not send to.
bool is_send_refused(std::string_view topic);
bool is_system_group(std::string_view group);

inline bool is_retry_topic(std::string_view topic) {
  return topic.starts_with(kRetryPrefix);
}
inline bool is_dlq_topic(std::string_view topic) {
  return topic.starts_with(kDlqPrefix);
}
inline std::string retry_topic(std::string_view group) {
  return std::string(kRetryPrefix) + std::string(group);
}
inline std::string dlq_topic(std::string_view group) {
  return std::string(kDlqPrefix) + std::string(group);
}
// The retry topics of POP consumption: %RETRY%group_topic, and with '+' in the second version.
std::string pop_retry_topic_v1(std::string_view topic, std::string_view group);
std::string pop_retry_topic_v2(std::string_view topic, std::string_view group);

}  // namespace rmq::broker
