// Headers of reading messages: pull, query by key, view by id, peek.
// Source: org.apache.rocketmq.remoting.protocol.header of release 5.5.0; the number before a struct is its request
// code.
#pragma once

#include "common/protocol/headers/header_codec.h"

namespace rmq::protocol {

// 11, 361
struct PullMessageRequest {
  std::string_view consumer_group;
  std::string_view topic;
  std::string_view lite_topic;
  std::int32_t queue_id = 0;
  std::int64_t queue_offset = 0;
  std::int32_t max_msg_nums = 0;
  std::int32_t sys_flag = 0;
  std::int64_t commit_offset = 0;
  std::int64_t suspend_timeout_millis = 0;
  std::string_view subscription;
  std::int64_t sub_version = 0;
  std::string_view expression_type;
  std::optional<std::int32_t> max_msg_bytes;
  std::optional<std::int32_t> request_source;
  std::string_view proxy_forward_client_id;
  std::string_view broker_name;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("consumerGroup", self.consumer_group);
    v.required("topic", self.topic);
    v.optional("liteTopic", self.lite_topic);
    v.required("queueId", self.queue_id);
    v.required("queueOffset", self.queue_offset);
    v.required("maxMsgNums", self.max_msg_nums);
    v.required("sysFlag", self.sys_flag);
    v.required("commitOffset", self.commit_offset);
    v.required("suspendTimeoutMillis", self.suspend_timeout_millis);
    v.optional("subscription", self.subscription);
    v.required("subVersion", self.sub_version);
    v.optional("expressionType", self.expression_type);
    v.optional("maxMsgBytes", self.max_msg_bytes);
    v.optional("requestSource", self.request_source);
    v.optional("proxyFrowardClientId", self.proxy_forward_client_id);
    v.optional("bname", self.broker_name);
  }
};

struct PullMessageResponse {
  std::int64_t suggest_which_broker_id = 0;
  std::int64_t next_begin_offset = 0;
  std::int64_t min_offset = 0;
  std::int64_t max_offset = 0;
  std::optional<std::int64_t> offset_delta;
  std::optional<std::int32_t> topic_sys_flag;
  std::optional<std::int32_t> group_sys_flag;
  std::optional<std::int32_t> forbidden_type;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("suggestWhichBrokerId", self.suggest_which_broker_id);
    v.required("nextBeginOffset", self.next_begin_offset);
    v.required("minOffset", self.min_offset);
    v.required("maxOffset", self.max_offset);
    v.optional("offsetDelta", self.offset_delta);
    v.optional("topicSysFlag", self.topic_sys_flag);
    v.optional("groupSysFlag", self.group_sys_flag);
    v.optional("forbiddenType", self.forbidden_type);
  }
};

// 12
struct QueryMessageRequest {
  std::string_view topic;
  std::string_view key;
  std::int32_t max_num = 0;
  std::int64_t begin_timestamp = 0;
  std::int64_t end_timestamp = 0;
  std::string_view index_type;
  std::string_view last_key;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("topic", self.topic);
    v.required("key", self.key);
    v.required("maxNum", self.max_num);
    v.required("beginTimestamp", self.begin_timestamp);
    v.required("endTimestamp", self.end_timestamp);
    v.optional("indexType", self.index_type);
    v.optional("lastKey", self.last_key);
  }
};

struct QueryMessageResponse {
  std::int64_t index_last_update_timestamp = 0;
  std::int64_t index_last_update_phyoffset = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("indexLastUpdateTimestamp", self.index_last_update_timestamp);
    v.required("indexLastUpdatePhyoffset", self.index_last_update_phyoffset);
  }
};

// 33
struct ViewMessageRequest {
  std::string_view topic;
  std::int64_t offset = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("topic", self.topic);
    v.required("offset", self.offset);
  }
};

}  // namespace rmq::protocol
