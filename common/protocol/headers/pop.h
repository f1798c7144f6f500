// Headers of POP consumption.
// Source: org.apache.rocketmq.remoting.protocol.header of release 5.5.0; the number before a struct is its request
// code.
#pragma once

#include "common/protocol/headers/header_codec.h"

namespace rmq::protocol {

// 200050
struct PopMessageRequest {
  std::string_view consumer_group;
  std::string_view topic;
  std::int32_t queue_id = 0;
  std::int32_t max_msg_nums = 0;
  std::int64_t invisible_time = 0;
  std::int64_t poll_time = 0;
  std::int64_t born_time = 0;
  std::int32_t init_mode = 0;
  std::string_view expression_type;
  std::string_view expression;
  std::optional<bool> order;
  std::string_view attempt_id;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("consumerGroup", self.consumer_group);
    v.required("topic", self.topic);
    v.required("queueId", self.queue_id);
    v.required("maxMsgNums", self.max_msg_nums);
    v.required("invisibleTime", self.invisible_time);
    v.required("pollTime", self.poll_time);
    v.required("bornTime", self.born_time);
    v.required("initMode", self.init_mode);
    v.optional("expType", self.expression_type);
    v.optional("exp", self.expression);
    v.optional("order", self.order);
    v.optional("attemptId", self.attempt_id);
  }
};

// Answer to 200050 and 200052.
struct PopMessageResponse {
  std::int64_t pop_time = 0;
  std::int64_t invisible_time = 0;
  std::int32_t revive_qid = 0;
  std::int64_t rest_num = 0;
  std::string_view start_offset_info;
  std::string_view msg_offset_info;
  std::string_view order_count_info;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("popTime", self.pop_time);
    v.required("invisibleTime", self.invisible_time);
    v.required("reviveQid", self.revive_qid);
    v.required("restNum", self.rest_num);
    v.optional("startOffsetInfo", self.start_offset_info);
    v.optional("msgOffsetInfo", self.msg_offset_info);
    v.optional("orderCountInfo", self.order_count_info);
  }
};

// 200051
struct AckMessageRequest {
  std::string_view consumer_group;
  std::string_view topic;
  std::int32_t queue_id = 0;
  std::string_view extra_info;
  std::int64_t offset = 0;
  std::string_view lite_topic;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("consumerGroup", self.consumer_group);
    v.required("topic", self.topic);
    v.required("queueId", self.queue_id);
    v.required("extraInfo", self.extra_info);
    v.required("offset", self.offset);
    v.optional("liteTopic", self.lite_topic);
  }
};

// 200053
struct ChangeInvisibleTimeRequest {
  std::string_view consumer_group;
  std::string_view topic;
  std::int32_t queue_id = 0;
  std::string_view extra_info;
  std::int64_t offset = 0;
  std::int64_t invisible_time = 0;
  std::string_view lite_topic;
  bool suspend = false;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("consumerGroup", self.consumer_group);
    v.required("topic", self.topic);
    v.required("queueId", self.queue_id);
    v.required("extraInfo", self.extra_info);
    v.required("offset", self.offset);
    v.required("invisibleTime", self.invisible_time);
    v.optional("liteTopic", self.lite_topic);
    v.optional("suspend", self.suspend);
  }
};

// Answer to 200053.
struct ChangeInvisibleTimeResponse {
  std::int64_t pop_time = 0;
  std::int64_t invisible_time = 0;
  std::int32_t revive_qid = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("popTime", self.pop_time);
    v.required("invisibleTime", self.invisible_time);
    v.required("reviveQid", self.revive_qid);
  }
};

// 200052
struct PeekMessageRequest {
  std::string_view topic;
  std::int32_t queue_id = 0;
  std::int32_t max_msg_nums = 0;
  std::string_view consumer_group;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("topic", self.topic);
    v.required("queueId", self.queue_id);
    v.required("maxMsgNums", self.max_msg_nums);
    v.required("consumerGroup", self.consumer_group);
  }
};

// 200054
struct NotificationRequest {
  std::string_view consumer_group;
  std::string_view topic;
  std::int32_t queue_id = 0;
  std::int64_t poll_time = 0;
  std::int64_t born_time = 0;
  std::optional<bool> order;
  std::string_view attempt_id;
  std::string_view expression_type;
  std::string_view expression;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("consumerGroup", self.consumer_group);
    v.required("topic", self.topic);
    v.required("queueId", self.queue_id);
    v.required("pollTime", self.poll_time);
    v.required("bornTime", self.born_time);
    v.optional("order", self.order);
    v.optional("attemptId", self.attempt_id);
    v.optional("expType", self.expression_type);
    v.optional("exp", self.expression);
  }
};

// Answer to 200054.
struct NotificationResponse {
  bool has_msg = false;
  bool polling_full = false;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("hasMsg", self.has_msg);
    v.optional("pollingFull", self.polling_full);
  }
};

// 200055
struct PollingInfoRequest {
  std::string_view consumer_group;
  std::string_view topic;
  std::int32_t queue_id = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("consumerGroup", self.consumer_group);
    v.required("topic", self.topic);
    v.required("queueId", self.queue_id);
  }
};

// Answer to 200055.
struct PollingInfoResponse {
  std::int32_t polling_num = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("pollingNum", self.polling_num);
  }
};

}  // namespace rmq::protocol
