// Headers of transactions, send-backs, replies and recalls.
// Source: org.apache.rocketmq.remoting.protocol.header of release 5.5.0; the number before a struct is its request
// code.
#pragma once

#include "common/protocol/headers/header_codec.h"

namespace rmq::protocol {

// 36
struct ConsumerSendMsgBackRequest {
  std::int64_t offset = 0;
  std::string_view group;
  std::int32_t delay_level = 0;
  std::string_view origin_msg_id;
  std::string_view origin_topic;
  bool unit_mode = false;
  std::optional<std::int32_t> max_reconsume_times;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("offset", self.offset);
    v.required("group", self.group);
    v.required("delayLevel", self.delay_level);
    v.optional("originMsgId", self.origin_msg_id);
    v.optional("originTopic", self.origin_topic);
    v.optional("unitMode", self.unit_mode);
    v.optional("maxReconsumeTimes", self.max_reconsume_times);
  }
};

// 37
struct EndTransactionRequest {
  std::string_view topic;
  std::string_view producer_group;
  std::int64_t tran_state_table_offset = 0;
  std::int64_t commit_log_offset = 0;
  std::int32_t commit_or_rollback = 0;
  std::optional<bool> from_transaction_check;
  std::string_view msg_id;
  std::string_view transaction_id;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("topic", self.topic);
    v.required("producerGroup", self.producer_group);
    v.required("tranStateTableOffset", self.tran_state_table_offset);
    v.required("commitLogOffset", self.commit_log_offset);
    v.required("commitOrRollback", self.commit_or_rollback);
    v.optional("fromTransactionCheck", self.from_transaction_check);
    v.required("msgId", self.msg_id);
    v.optional("transactionId", self.transaction_id);
  }
};

// 39, broker to client, one-way
struct CheckTransactionStateRequest {
  std::string_view topic;
  std::int64_t tran_state_table_offset = 0;
  std::int64_t commit_log_offset = 0;
  std::string_view msg_id;
  std::string_view transaction_id;
  std::string_view offset_msg_id;
  std::string_view broker_name;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("topic", self.topic);
    v.required("tranStateTableOffset", self.tran_state_table_offset);
    v.required("commitLogOffset", self.commit_log_offset);
    v.optional("msgId", self.msg_id);
    v.optional("transactionId", self.transaction_id);
    v.optional("offsetMsgId", self.offset_msg_id);
    v.optional("bname", self.broker_name);
  }
};

// 326, broker to client
struct ReplyMessageRequest {
  std::string_view producer_group;
  std::string_view topic;
  std::string_view default_topic;
  std::int32_t default_topic_queue_nums = 0;
  std::int32_t queue_id = 0;
  std::int32_t sys_flag = 0;
  std::int64_t born_timestamp = 0;
  std::int32_t flag = 0;
  std::string_view properties;
  std::optional<std::int32_t> reconsume_times;
  bool unit_mode = false;
  std::string_view born_host;
  std::string_view store_host;
  std::int64_t store_timestamp = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("producerGroup", self.producer_group);
    v.required("topic", self.topic);
    v.required("defaultTopic", self.default_topic);
    v.required("defaultTopicQueueNums", self.default_topic_queue_nums);
    v.required("queueId", self.queue_id);
    v.required("sysFlag", self.sys_flag);
    v.required("bornTimestamp", self.born_timestamp);
    v.required("flag", self.flag);
    v.optional("properties", self.properties);
    v.optional("reconsumeTimes", self.reconsume_times);
    v.optional("unitMode", self.unit_mode);
    v.required("bornHost", self.born_host);
    v.required("storeHost", self.store_host);
    v.required("storeTimestamp", self.store_timestamp);
  }
};

// 370
struct RecallMessageRequest {
  std::string_view producer_group;
  std::string_view topic;
  std::string_view recall_handle;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("producerGroup", self.producer_group);
    v.required("topic", self.topic);
    v.required("recallHandle", self.recall_handle);
  }
};

// Answer to 370.
struct RecallMessageResponse {
  std::string_view msg_id;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("msgId", self.msg_id);
  }
};

}  // namespace rmq::protocol
