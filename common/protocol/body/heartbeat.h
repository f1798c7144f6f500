// What clients tell brokers about themselves, and what brokers tell tools about clients.
// Source: org.apache.rocketmq.remoting.protocol.heartbeat and .body of release 5.5.0.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/protocol/body/json_body.h"

namespace rmq::protocol {

enum class ConsumeType : std::uint8_t { kActively, kPassively, kPop };
constexpr std::array<std::string_view, 3> enum_names(ConsumeType) {
  return {"CONSUME_ACTIVELY", "CONSUME_PASSIVELY", "CONSUME_POP"};
}

enum class MessageModel : std::uint8_t { kBroadcasting, kClustering, kLiteSelective };
constexpr std::array<std::string_view, 3> enum_names(MessageModel) {
  return {"BROADCASTING", "CLUSTERING", "LITE_SELECTIVE"};
}

enum class ConsumeFromWhere : std::uint8_t {
  kLastOffset,
  kLastOffsetAndFromMinWhenBootFirst,
  kMinOffset,
  kMaxOffset,
  kFirstOffset,
  kTimestamp,
};
constexpr std::array<std::string_view, 6> enum_names(ConsumeFromWhere) {
  return {"CONSUME_FROM_LAST_OFFSET",  "CONSUME_FROM_LAST_OFFSET_AND_FROM_MIN_WHEN_BOOT_FIRST",
          "CONSUME_FROM_MIN_OFFSET",   "CONSUME_FROM_MAX_OFFSET",
          "CONSUME_FROM_FIRST_OFFSET", "CONSUME_FROM_TIMESTAMP"};
}

inline constexpr std::string_view kExpressionTag = "TAG";
inline constexpr std::string_view kExpressionSql92 = "SQL92";

struct SubscriptionData {
  bool class_filter_mode = false;
  std::set<std::int32_t> code_set;  // java_hash() of each tag
  std::string expression_type{kExpressionTag};
  std::string sub_string;
  std::int64_t sub_version = 0;
  std::set<std::string> tags_set;
  std::string topic;
  bool operator==(const SubscriptionData&) const = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("classFilterMode", self.class_filter_mode);
    v.field("codeSet", self.code_set);
    v.nullable("expressionType", self.expression_type);
    v.nullable("subString", self.sub_string);
    v.field("subVersion", self.sub_version);
    v.field("tagsSet", self.tags_set);
    v.nullable("topic", self.topic);
  }
};

struct ConsumerData {
  ConsumeFromWhere consume_from_where = ConsumeFromWhere::kLastOffset;
  ConsumeType consume_type = ConsumeType::kPassively;
  std::string group_name;
  MessageModel message_model = MessageModel::kClustering;
  std::vector<SubscriptionData> subscriptions;
  bool unit_mode = false;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("consumeFromWhere", self.consume_from_where);
    v.field("consumeType", self.consume_type);
    v.nullable("groupName", self.group_name);
    v.field("messageModel", self.message_model);
    v.field("subscriptionDataSet", self.subscriptions);
    v.field("unitMode", self.unit_mode);
  }
};

struct ProducerData {
  std::string group_name;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.nullable("groupName", self.group_name);
  }
};

// 34
struct HeartbeatData {
  std::string client_id;
  std::vector<ConsumerData> consumers;
  std::int32_t heartbeat_fingerprint = 0;
  std::vector<ProducerData> producers;
  bool without_sub = false;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.nullable("clientID", self.client_id);
    v.field("consumerDataSet", self.consumers);
    v.field("heartbeatFingerprint", self.heartbeat_fingerprint);
    v.field("producerDataSet", self.producers);
    v.field("withoutSub", self.without_sub);
  }
};

// 46
struct CheckClientRequest {
  std::string client_id;
  std::string group;
  std::string client_namespace;
  SubscriptionData subscription;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.nullable("clientId", self.client_id);
    v.nullable("group", self.group);
    v.nullable("namespace", self.client_namespace);
    v.field("subscriptionData", self.subscription);
  }
};

struct Connection {
  std::string client_addr;
  std::string client_id;
  std::string language;
  std::int32_t version = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.nullable("clientAddr", self.client_addr);
    v.nullable("clientId", self.client_id);
    v.nullable("language", self.language);
    v.field("version", self.version);
  }
};

// 203
struct ConsumerConnection {
  std::vector<Connection> connections;
  ConsumeFromWhere consume_from_where = ConsumeFromWhere::kLastOffset;
  ConsumeType consume_type = ConsumeType::kPassively;
  MessageModel message_model = MessageModel::kClustering;
  std::map<std::string, SubscriptionData> subscriptions;  // by topic

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("connectionSet", self.connections);
    v.field("consumeFromWhere", self.consume_from_where);
    v.field("consumeType", self.consume_type);
    v.field("messageModel", self.message_model);
    v.field("subscriptionTable", self.subscriptions);
  }
};

// 204
struct ProducerConnection {
  std::vector<Connection> connections;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("connectionSet", self.connections);
  }
};

struct ProducerInfo {
  std::string client_id;
  std::string language;
  std::int64_t last_update_timestamp = 0;
  std::string remote_ip;
  std::int32_t version = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.nullable("clientId", self.client_id);
    v.nullable("language", self.language);
    v.field("lastUpdateTimestamp", self.last_update_timestamp);
    v.nullable("remoteIP", self.remote_ip);
    v.field("version", self.version);
  }
};
// 328
struct ProducerTable {
  std::map<std::string, std::vector<ProducerInfo>> by_group;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("data", self.by_group);
  }
};

// 345
struct QuerySubscriptionResponse {
  std::string group;
  SubscriptionData subscription;
  std::string topic;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.nullable("group", self.group);
    v.field("subscriptionData", self.subscription);
    v.nullable("topic", self.topic);
  }
};

}  // namespace rmq::protocol
