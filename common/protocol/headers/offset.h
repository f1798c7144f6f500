// Headers of the offsets of queues and consumers.
// Source: org.apache.rocketmq.remoting.protocol.header of release 5.5.0; the number before a struct is its request
// code.
#pragma once

#include "common/protocol/headers/header_codec.h"

namespace rmq::protocol {

// 14
struct QueryConsumerOffsetRequest {
  std::string_view consumer_group;
  std::string_view topic;
  std::int32_t queue_id = 0;
  std::optional<bool> set_zero_if_not_found;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("consumerGroup", self.consumer_group);
    v.required("topic", self.topic);
    v.required("queueId", self.queue_id);
    v.optional("setZeroIfNotFound", self.set_zero_if_not_found);
  }
};

// Answer to 14.
struct QueryConsumerOffsetResponse {
  std::int64_t offset = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("offset", self.offset);
  }
};

// 15
struct UpdateConsumerOffsetRequest {
  std::string_view consumer_group;
  std::string_view topic;
  std::int32_t queue_id = 0;
  std::int64_t commit_offset = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("consumerGroup", self.consumer_group);
    v.required("topic", self.topic);
    v.required("queueId", self.queue_id);
    v.required("commitOffset", self.commit_offset);
  }
};

// 29
struct SearchOffsetRequest {
  std::string_view topic;
  std::string_view lite_topic;
  std::int32_t queue_id = 0;
  std::int64_t timestamp = 0;
  std::string_view boundary_type;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("topic", self.topic);
    v.optional("liteTopic", self.lite_topic);
    v.required("queueId", self.queue_id);
    v.required("timestamp", self.timestamp);
    v.optional("boundaryType", self.boundary_type);
  }
};

// Answer to 29.
struct SearchOffsetResponse {
  std::int64_t offset = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("offset", self.offset);
  }
};

// 30
struct GetMaxOffsetRequest {
  std::string_view topic;
  std::int32_t queue_id = 0;
  bool committed = true;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("topic", self.topic);
    v.required("queueId", self.queue_id);
    v.optional("committed", self.committed);
  }
};

// Answer to 30.
struct GetMaxOffsetResponse {
  std::int64_t offset = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("offset", self.offset);
  }
};

// 31
struct GetMinOffsetRequest {
  std::string_view topic;
  std::int32_t queue_id = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("topic", self.topic);
    v.required("queueId", self.queue_id);
  }
};

// Answer to 31.
struct GetMinOffsetResponse {
  std::int64_t offset = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("offset", self.offset);
  }
};

// 32
struct GetEarliestMsgStoretimeRequest {
  std::string_view topic;
  std::int32_t queue_id = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("topic", self.topic);
    v.required("queueId", self.queue_id);
  }
};

// Answer to 32.
struct GetEarliestMsgStoretimeResponse {
  std::int64_t timestamp = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("timestamp", self.timestamp);
  }
};

// 222
struct ResetOffsetRequest {
  std::string_view group;
  std::string_view topic;
  std::int32_t queue_id = -1;
  std::optional<std::int64_t> offset;
  std::int64_t timestamp = 0;
  bool is_force = false;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("group", self.group);
    v.required("topic", self.topic);
    v.optional("queueId", self.queue_id);
    v.optional("offset", self.offset);
    v.required("timestamp", self.timestamp);
    v.required("isForce", self.is_force);
  }
};

}  // namespace rmq::protocol
