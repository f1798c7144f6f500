// Ext fields that stand outside any header class. Source: org.apache.rocketmq.common.MixAll, message.MessageConst and
// remoting.protocol of release 5.5.0.
#pragma once

#include <string_view>

namespace rmq::protocol {

struct ExtName {
  using T = std::string_view;
  static constexpr T kMsgRegion = "MSG_REGION";  // answers to sends
  static constexpr T kTraceOn = "TRACE_ON";
  static constexpr T kUniqueKeyQuery = "_UNIQUE_KEY_QUERY";      // 12
  static constexpr T kHeartbeatV2 = "IS_SUPPORT_HEART_BEAT_V2";  // answers to 34
  static constexpr T kSubscriptionChange = "IS_SUB_CHANGE";
  static constexpr T kZoneName = "__ZONE_NAME", kZoneMode = "__ZONE_MODE";  // 103, 105
  static constexpr T kAccessKey = "AccessKey", kSignature = "Signature", kSecurityToken = "SecurityToken";
  static constexpr T kBrokerName = "bname", kLogical = "lo";
};

}  // namespace rmq::protocol
