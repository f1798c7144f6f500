// Headers of the administration of a broker.
// Source: org.apache.rocketmq.remoting.protocol.header of release 5.5.0; the number before a struct is its request
// code.
#pragma once

#include "common/protocol/headers/header_codec.h"

namespace rmq::protocol {

// 17
struct CreateTopicRequest {
  std::string_view topic;
  std::string_view default_topic;
  std::int32_t read_queue_nums = 0;
  std::int32_t write_queue_nums = 0;
  std::int32_t perm = 0;
  std::string_view topic_filter_type;
  std::optional<std::int32_t> topic_sys_flag;
  bool order = false;
  std::string_view attributes;
  std::optional<bool> force;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("topic", self.topic);
    v.required("defaultTopic", self.default_topic);
    v.required("readQueueNums", self.read_queue_nums);
    v.required("writeQueueNums", self.write_queue_nums);
    v.required("perm", self.perm);
    v.required("topicFilterType", self.topic_filter_type);
    v.optional("topicSysFlag", self.topic_sys_flag);
    v.required("order", self.order);
    v.optional("attributes", self.attributes);
    v.optional("force", self.force);
  }
};

// 215
struct DeleteTopicRequest {
  std::string_view topic;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("topic", self.topic);
  }
};

// 351
struct GetTopicConfigRequest {
  std::string_view topic;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("topic", self.topic);
  }
};

// 21
struct GetAllTopicConfigRequest {
  std::optional<std::int32_t> topic_seq;
  std::string_view data_version;
  std::optional<std::int32_t> max_topic_num;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("topicSeq", self.topic_seq);
    v.optional("dataVersion", self.data_version);
    v.optional("maxTopicNum", self.max_topic_num);
  }
};

// Answer to 21.
struct GetAllTopicConfigResponse {
  std::optional<std::int32_t> total_topic_num;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("totalTopicNum", self.total_topic_num);
  }
};

// 352
struct GetSubscriptionGroupConfigRequest {
  std::string_view group;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("group", self.group);
  }
};

// 201
struct GetAllSubscriptionGroupRequest {
  std::optional<std::int32_t> group_seq;
  std::string_view data_version;
  std::optional<std::int32_t> max_group_num;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("groupSeq", self.group_seq);
    v.optional("dataVersion", self.data_version);
    v.optional("maxGroupNum", self.max_group_num);
  }
};

// Answer to 201.
struct GetAllSubscriptionGroupResponse {
  std::int32_t total_group_num = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("totalGroupNum", self.total_group_num);
  }
};

// 207
struct DeleteSubscriptionGroupRequest {
  std::string_view group_name;
  bool clean_offset = false;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("groupName", self.group_name);
    v.optional("cleanOffset", self.clean_offset);
  }
};

// Answer to 26.
struct GetBrokerConfigResponse {
  std::string_view version;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("version", self.version);
  }
};

// 202
struct GetTopicStatsInfoRequest {
  std::string_view topic;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("topic", self.topic);
  }
};

// 208
struct GetConsumeStatsRequest {
  std::string_view consumer_group;
  std::string_view topic;
  std::string_view topic_list;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("consumerGroup", self.consumer_group);
    v.optional("topic", self.topic);
    v.optional("topicList", self.topic_list);
  }
};

struct GetConsumeStatsInBrokerRequest {
  bool is_order = false;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("isOrder", self.is_order);
  }
};

// 300
struct QueryTopicConsumeByWhoRequest {
  std::string_view topic;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("topic", self.topic);
  }
};

// 343
struct QueryTopicsByConsumerRequest {
  std::string_view group;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("group", self.group);
  }
};

// 345
struct QuerySubscriptionByConsumerRequest {
  std::string_view group;
  std::string_view topic;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("group", self.group);
    v.optional("topic", self.topic);
  }
};

// 303
struct QueryConsumeTimeSpanRequest {
  std::string_view topic;
  std::string_view group;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("topic", self.topic);
    v.required("group", self.group);
  }
};

// 321
struct QueryConsumeQueueRequest {
  std::string_view topic;
  std::int32_t queue_id = 0;
  std::int64_t index = 0;
  std::int32_t count = 0;
  std::string_view consumer_group;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("topic", self.topic);
    v.optional("queueId", self.queue_id);
    v.optional("index", self.index);
    v.optional("count", self.count);
    v.optional("consumerGroup", self.consumer_group);
  }
};

struct QueryCorrectionOffsetRequest {
  std::string_view filter_groups;
  std::string_view compare_group;
  std::string_view topic;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("filterGroups", self.filter_groups);
    v.required("compareGroup", self.compare_group);
    v.required("topic", self.topic);
  }
};

// 314
struct CloneGroupOffsetRequest {
  std::string_view src_group;
  std::string_view dest_group;
  std::string_view topic;
  bool offline = false;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("srcGroup", self.src_group);
    v.required("destGroup", self.dest_group);
    v.optional("topic", self.topic);
    v.optional("offline", self.offline);
  }
};

// 315
struct ViewBrokerStatsDataRequest {
  std::string_view stats_name;
  std::string_view stats_key;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("statsName", self.stats_name);
    v.required("statsKey", self.stats_key);
  }
};

// 323
struct ResumeCheckHalfMessageRequest {
  std::string_view topic;
  std::string_view msg_id;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("topic", self.topic);
    v.optional("msgId", self.msg_id);
  }
};

// 353
struct UpdateGroupForbiddenRequest {
  std::string_view group;
  std::string_view topic;
  std::optional<bool> readable;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("group", self.group);
    v.required("topic", self.topic);
    v.optional("readable", self.readable);
  }
};

// 906
struct ExchangeHAInfoRequest {
  std::string_view master_ha_address;
  std::optional<std::int64_t> master_flush_offset;
  std::string_view master_address;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("masterHaAddress", self.master_ha_address);
    v.optional("masterFlushOffset", self.master_flush_offset);
    v.optional("masterAddress", self.master_address);
  }
};

// Answer to 906.
struct ExchangeHAInfoResponse {
  std::string_view master_ha_address;
  std::optional<std::int64_t> master_flush_offset;
  std::string_view master_address;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("masterHaAddress", self.master_ha_address);
    v.optional("masterFlushOffset", self.master_flush_offset);
    v.optional("masterAddress", self.master_address);
  }
};

}  // namespace rmq::protocol
