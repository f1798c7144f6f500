// What is configured for consumer groups, as sent to slaves and stored in subscriptionGroup.json.
// Source: org.apache.rocketmq.remoting.protocol.subscription and .body of release 5.5.0.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/protocol/body/topic_config.h"

namespace rmq::protocol {

enum class RetryPolicyType : std::uint8_t { kExponential, kCustomized };
constexpr std::array<std::string_view, 2> enum_names(RetryPolicyType) {
  return {"EXPONENTIAL", "CUSTOMIZED"};
}

struct ExponentialRetryPolicy {
  std::int64_t initial = 5000;  // ms
  std::int64_t max = 7'200'000;
  std::int64_t multiplier = 2;
  bool operator==(const ExponentialRetryPolicy&) const = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("initial", self.initial);
    v.field("max", self.max);
    v.field("multiplier", self.multiplier);
  }
};

struct CustomizedRetryPolicy {
  std::vector<std::int64_t> next;  // ms before each retry
  bool operator==(const CustomizedRetryPolicy&) const = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("next", self.next);
  }
};

struct GroupRetryPolicy {
  std::optional<CustomizedRetryPolicy> customized;
  std::optional<ExponentialRetryPolicy> exponential;
  RetryPolicyType type = RetryPolicyType::kCustomized;
  bool operator==(const GroupRetryPolicy&) const = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("customizedRetryPolicy", self.customized);
    v.field("exponentialRetryPolicy", self.exponential);
    v.field("type", self.type);
  }
};

struct SimpleSubscriptionData {
  std::string expression;
  std::string expression_type;
  std::string topic;
  std::int64_t version = 0;
  bool operator==(const SimpleSubscriptionData&) const = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.nullable("expression", self.expression);
    v.nullable("expressionType", self.expression_type);
    v.nullable("topic", self.topic);
    v.field("version", self.version);
  }
};

// 200, 352
struct SubscriptionGroupConfig {
  std::string group_name;
  bool consume_enable = true;
  bool consume_from_min_enable = true;
  bool consume_broadcast_enable = true;
  bool consume_message_orderly = false;
  std::int32_t retry_queue_nums = 1;
  std::int32_t retry_max_times = 16;
  GroupRetryPolicy group_retry_policy;
  std::int64_t broker_id = 0;
  std::int64_t which_broker_when_consume_slowly = 1;
  bool notify_consumer_ids_changed_enable = true;
  std::int32_t group_sys_flag = 0;
  std::int32_t consume_timeout_minute = 15;
  std::vector<SimpleSubscriptionData> subscriptions;
  Attributes attributes;
  bool operator==(const SubscriptionGroupConfig&) const = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("attributes", self.attributes);
    v.field("brokerId", self.broker_id);
    v.field("consumeBroadcastEnable", self.consume_broadcast_enable);
    v.field("consumeEnable", self.consume_enable);
    v.field("consumeFromMinEnable", self.consume_from_min_enable);
    v.field("consumeMessageOrderly", self.consume_message_orderly);
    v.field("consumeTimeoutMinute", self.consume_timeout_minute);
    v.nullable("groupName", self.group_name);
    v.field("groupRetryPolicy", self.group_retry_policy);
    v.field("groupSysFlag", self.group_sys_flag);
    v.field("notifyConsumerIdsChangedEnable", self.notify_consumer_ids_changed_enable);
    v.field("retryMaxTimes", self.retry_max_times);
    v.field("retryQueueNums", self.retry_queue_nums);
    v.nullable("subscriptionDataSet", self.subscriptions);
    v.field("whichBrokerWhenConsumeSlowly", self.which_broker_when_consume_slowly);
  }
};

// 201 and subscriptionGroup.json
struct SubscriptionGroupTable {
  DataVersion data_version;
  std::map<std::string, std::map<std::string, std::int32_t>, std::less<>> forbidden;  // group -> topic -> bits
  std::map<std::string, SubscriptionGroupConfig, std::less<>> groups;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("dataVersion", self.data_version);
    v.field("forbiddenTable", self.forbidden);
    v.field("subscriptionGroupTable", self.groups);
  }
};

// 225
struct SubscriptionGroupList {
  std::vector<SubscriptionGroupConfig> groups;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("groupConfigList", self.groups);
  }
};

}  // namespace rmq::protocol
