// Server-side assignment of queues to consumers, and its setting.
// Source: org.apache.rocketmq.remoting.protocol.body.{Query,Set}*, common.message.MessageRequestMode of release 5.5.0.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/protocol/body/heartbeat.h"
#include "common/protocol/body/message_queue.h"

namespace rmq::protocol {

enum class MessageRequestMode : std::uint8_t { kPull, kPop };
constexpr std::array<std::string_view, 2> enum_names(MessageRequestMode) {
  return {"PULL", "POP"};
}

// 400
struct QueryAssignmentRequest {
  std::string client_id;
  std::string consumer_group;
  MessageModel message_model = MessageModel::kClustering;
  std::string strategy_name;
  std::string topic;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.nullable("clientId", self.client_id);
    v.nullable("consumerGroup", self.consumer_group);
    v.field("messageModel", self.message_model);
    v.nullable("strategyName", self.strategy_name);
    v.nullable("topic", self.topic);
  }
};

struct MessageQueueAssignment {
  std::map<std::string, std::string> attachments;
  MessageQueue message_queue;
  MessageRequestMode mode = MessageRequestMode::kPull;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.nullable("attachments", self.attachments);
    v.field("messageQueue", self.message_queue);
    v.field("mode", self.mode);
  }
};
struct QueryAssignmentResponse {
  std::vector<MessageQueueAssignment> assignments;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("messageQueueAssignments", self.assignments);
  }
};

// 401
struct SetMessageRequestMode {
  std::string consumer_group;
  MessageRequestMode mode = MessageRequestMode::kPull;
  std::int32_t pop_share_queue_num = 0;
  std::string topic;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.nullable("consumerGroup", self.consumer_group);
    v.field("mode", self.mode);
    v.field("popShareQueueNum", self.pop_share_queue_num);
    v.nullable("topic", self.topic);
  }
};

// 402 and messageRequestMode.json: topic -> group -> setting.
struct MessageRequestModeTable {
  std::map<std::string, std::map<std::string, SetMessageRequestMode, std::less<>>, std::less<>> modes;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("messageRequestModeMap", self.modes);
  }
};

}  // namespace rmq::protocol
