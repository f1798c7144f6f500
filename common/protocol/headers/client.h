// Headers of the management of clients: leaving a group, its members, callbacks.
// Source: org.apache.rocketmq.remoting.protocol.header of release 5.5.0; the number before a struct is its request
// code.
#pragma once

#include "common/protocol/headers/header_codec.h"

namespace rmq::protocol {

// 35
struct UnregisterClientRequest {
  std::string_view client_id;
  std::string_view producer_group;
  std::string_view consumer_group;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("clientID", self.client_id);
    v.optional("producerGroup", self.producer_group);
    v.optional("consumerGroup", self.consumer_group);
  }
};

// 38
struct GetConsumerListByGroupRequest {
  std::string_view consumer_group;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("consumerGroup", self.consumer_group);
  }
};

// 40, broker to client, one-way
struct NotifyConsumerIdsChangedRequest {
  std::string_view consumer_group;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("consumerGroup", self.consumer_group);
  }
};

// 307, relayed to the client
struct GetConsumerRunningInfoRequest {
  std::string_view consumer_group;
  std::string_view client_id;
  bool jstack_enable = false;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("consumerGroup", self.consumer_group);
    v.required("clientId", self.client_id);
    v.optional("jstackEnable", self.jstack_enable);
  }
};

// 309, relayed to the client
struct ConsumeMessageDirectlyResultRequest {
  std::string_view consumer_group;
  std::string_view client_id;
  std::string_view msg_id;
  std::string_view broker_name;
  std::string_view topic;
  std::optional<std::int32_t> topic_sys_flag;
  std::optional<std::int32_t> group_sys_flag;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("consumerGroup", self.consumer_group);
    v.optional("clientId", self.client_id);
    v.optional("msgId", self.msg_id);
    v.optional("brokerName", self.broker_name);
    v.optional("topic", self.topic);
    v.optional("topicSysFlag", self.topic_sys_flag);
    v.optional("groupSysFlag", self.group_sys_flag);
  }
};

// 221, 223
struct GetConsumerStatusRequest {
  std::string_view topic;
  std::string_view group;
  std::string_view client_addr;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("topic", self.topic);
    v.required("group", self.group);
    v.optional("clientAddr", self.client_addr);
  }
};

// 203
struct GetConsumerConnectionListRequest {
  std::string_view consumer_group;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("consumerGroup", self.consumer_group);
  }
};

// 204
struct GetProducerConnectionListRequest {
  std::string_view producer_group;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("producerGroup", self.producer_group);
  }
};

}  // namespace rmq::protocol
