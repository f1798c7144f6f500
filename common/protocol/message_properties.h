// The properties of a message: one string, name \x01 value \x02 repeated; the last \x02 may be missing. Pairs with an
// empty name or value count for nothing; of equal names the last counts.
// Source: org.apache.rocketmq.common.message.MessageDecoder and MessageConst of release 5.5.0.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rmq::protocol {

inline constexpr char kPropertyNameEnd = '\x01';
inline constexpr char kPropertyEnd = '\x02';
inline constexpr std::size_t kMaxPropertiesTextBytes = 32767;  // the length is an i16 on the wire and on disk
inline constexpr char kKeySeparator = ' ';                     // between the keys in KEYS
// A property whose name starts so is told to clients and never stored.
inline constexpr std::string_view kTransientPropertyPrefix = "__RMQ.TRANSIENT.";

// The reserved names.
struct Property {
  static constexpr std::string_view kKeys = "KEYS";
  static constexpr std::string_view kTags = "TAGS";
  static constexpr std::string_view kWaitStoreMsgOk = "WAIT";
  static constexpr std::string_view kDelayTimeLevel = "DELAY";
  static constexpr std::string_view kRetryTopic = "RETRY_TOPIC";
  static constexpr std::string_view kOriginGroup = "ORIGIN_GROUP";
  static constexpr std::string_view kRealTopic = "REAL_TOPIC";
  static constexpr std::string_view kRealQueueId = "REAL_QID";
  static constexpr std::string_view kTransactionPrepared = "TRAN_MSG";
  static constexpr std::string_view kProducerGroup = "PGROUP";
  static constexpr std::string_view kMinOffset = "MIN_OFFSET";
  static constexpr std::string_view kMaxOffset = "MAX_OFFSET";
  static constexpr std::string_view kBuyerId = "BUYER_ID";
  static constexpr std::string_view kOriginMessageId = "ORIGIN_MESSAGE_ID";
  static constexpr std::string_view kTransferFlag = "TRANSFER_FLAG";
  static constexpr std::string_view kCorrectionFlag = "CORRECTION_FLAG";
  static constexpr std::string_view kMq2Flag = "MQ2_FLAG";
  static constexpr std::string_view kReconsumeTime = "RECONSUME_TIME";
  static constexpr std::string_view kMsgRegion = "MSG_REGION";
  static constexpr std::string_view kTraceSwitch = "TRACE_ON";
  static constexpr std::string_view kUniqKey = "UNIQ_KEY";
  static constexpr std::string_view kTransOffset = "TRANS_OFFSET";
  static constexpr std::string_view kExtendUniqInfo = "EXTEND_UNIQ_INFO";
  static constexpr std::string_view kMaxReconsumeTimes = "MAX_RECONSUME_TIMES";
  static constexpr std::string_view kConsumeStartTimestamp = "CONSUME_START_TIME";
  static constexpr std::string_view kPriority = "_SYS_MSG_PRIORITY_";
  static constexpr std::string_view kInnerNum = "INNER_NUM";
  static constexpr std::string_view kInnerBase = "INNER_BASE";
  static constexpr std::string_view kDupInfo = "DUP_INFO";
  static constexpr std::string_view kCheckImmunityTimeInSeconds = "CHECK_IMMUNITY_TIME_IN_SECONDS";
  static constexpr std::string_view kTransactionPreparedQueueOffset = "TRAN_PREPARED_QUEUE_OFFSET";
  static constexpr std::string_view kTransactionId = "__transactionId__";
  static constexpr std::string_view kTransactionCheckTimes = "TRANSACTION_CHECK_TIMES";
  static constexpr std::string_view kInstanceId = "INSTANCE_ID";
  static constexpr std::string_view kCorrelationId = "CORRELATION_ID";
  static constexpr std::string_view kMessageReplyToClient = "REPLY_TO_CLIENT";
  static constexpr std::string_view kMessageTtl = "TTL";
  static constexpr std::string_view kReplyMessageArriveTime = "ARRIVE_TIME";
  static constexpr std::string_view kPushReplyTime = "PUSH_REPLY_TIME";
  static constexpr std::string_view kCluster = "CLUSTER";
  static constexpr std::string_view kMessageType = "MSG_TYPE";
  static constexpr std::string_view kPopCk = "POP_CK";
  static constexpr std::string_view kPopCkOffset = "POP_CK_OFFSET";
  static constexpr std::string_view kFirstPopTime = "1ST_POP_TIME";
  static constexpr std::string_view kShardingKey = "__SHARDINGKEY";
  static constexpr std::string_view kLiteTopic = "__LITE_TOPIC";
  static constexpr std::string_view kForwardQueueId = "PROPERTY_FORWARD_QUEUE_ID";
  static constexpr std::string_view kRedirect = "REDIRECT";
  static constexpr std::string_view kInnerMultiDispatch = "INNER_MULTI_DISPATCH";
  static constexpr std::string_view kInnerMultiQueueOffset = "INNER_MULTI_QUEUE_OFFSET";
  static constexpr std::string_view kTraceContext = "TRACE_CONTEXT";
  static constexpr std::string_view kTimerDelaySec = "TIMER_DELAY_SEC";
  static constexpr std::string_view kTimerDeliverMs = "TIMER_DELIVER_MS";
  static constexpr std::string_view kBornHost = "__BORNHOST";
  static constexpr std::string_view kBornTimestamp = "BORN_TIMESTAMP";
  static constexpr std::string_view kTimerEnqueueMs = "TIMER_ENQUEUE_MS";
  static constexpr std::string_view kTimerDequeueMs = "TIMER_DEQUEUE_MS";
  static constexpr std::string_view kTimerRollTimes = "TIMER_ROLL_TIMES";
  static constexpr std::string_view kTimerOutMs = "TIMER_OUT_MS";
  static constexpr std::string_view kTimerDelUniqkey = "TIMER_DEL_UNIQKEY";
  static constexpr std::string_view kTimerRollLabel = "TIMER_ROLL_LABEL";
  static constexpr std::string_view kTimerDelayLevel = "TIMER_DELAY_LEVEL";
  static constexpr std::string_view kTimerDelayMs = "TIMER_DELAY_MS";
  static constexpr std::string_view kCrc32 = "__CRC32#";
  static constexpr std::string_view kDlqOriginTopic = "DLQ_ORIGIN_TOPIC";
  static constexpr std::string_view kDlqOriginMessageId = "DLQ_ORIGIN_MESSAGE_ID";
  static constexpr std::string_view kTransientTopicConfig = "__RMQ.TRANSIENT.TOPIC_SYS_FLAG";
  static constexpr std::string_view kTransientGroupConfig = "__RMQ.TRANSIENT.GROUP_SYS_FLAG";
};

// Calls visit(name, value) for each pair in order, equal names included; stops when it returns false.
template <class Visitor>
void visit_properties(std::string_view properties, Visitor&& visit) {
  while (!properties.empty()) {
    const auto end = properties.find(kPropertyEnd);
    const auto pair = properties.substr(0, end);
    const auto name_end = pair.find(kPropertyNameEnd);
    if (name_end != std::string_view::npos && name_end > 0 && name_end + 1 < pair.size()) {
      if (!visit(pair.substr(0, name_end), pair.substr(name_end + 1))) return;
    }
    if (end == std::string_view::npos) return;
    properties.remove_prefix(end + 1);
  }
}

// The value of `name`, pointing into `properties`; data() == nullptr if there is none. Copies nothing.
std::string_view find_property(std::string_view properties, std::string_view name);
inline bool has_property(std::string_view properties, std::string_view name) {
  return find_property(properties, name).data() != nullptr;
}

using PropertyMap = std::map<std::string, std::string, std::less<>>;
PropertyMap decode_properties(std::string_view properties);

// kInvalid on a name or value that the form cannot carry, or when the result passes kMaxPropertiesTextBytes.
Result<std::string> encode_properties(const PropertyMap& properties);

// Replaces every `name` by one at the end. kInvalid as above; `properties` is then unchanged. No length check: the
// caller may still remove others.
Status set_property(std::string& properties, std::string_view name, std::string_view value);
// Appends without looking for an old one: for a name known to be absent.
Status append_property(std::string& properties, std::string_view name, std::string_view value);
// True if it was there.
bool remove_property(std::string& properties, std::string_view name);

}  // namespace rmq::protocol
