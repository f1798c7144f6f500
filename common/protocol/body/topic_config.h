// What is configured for topics, as registered with name servers, sent to slaves and stored in topics.json.
// Source: org.apache.rocketmq.common.TopicConfig, remoting.protocol.{body,statictopic} of release 5.5.0.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/protocol/body/data_version.h"

namespace rmq::protocol {

enum class TopicFilterType : std::uint8_t { kSingleTag, kMultiTag };
constexpr std::array<std::string_view, 2> enum_names(TopicFilterType) {
  return {"SINGLE_TAG", "MULTI_TAG"};
}

using Attributes = std::map<std::string, std::string, std::less<>>;

struct TopicConfig {
  std::string topic_name;
  std::int32_t read_queue_nums = 16;
  std::int32_t write_queue_nums = 16;
  std::int32_t perm = 6;  // Permission bits
  TopicFilterType topic_filter_type = TopicFilterType::kSingleTag;
  std::int32_t topic_sys_flag = 0;
  bool order = false;
  Attributes attributes;

  bool operator==(const TopicConfig&) const = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("attributes", self.attributes);
    v.field("order", self.order);
    v.field("perm", self.perm);
    v.field("readQueueNums", self.read_queue_nums);
    v.field("topicFilterType", self.topic_filter_type);
    v.nullable("topicName", self.topic_name);
    v.field("topicSysFlag", self.topic_sys_flag);
    v.field("writeQueueNums", self.write_queue_nums);
  }
};

// `name readQueueNums writeQueueNums perm filterType attributesJSON`, as the compressed RegisterBrokerBody has it.
// topicSysFlag and order are not in it. Attributes that don't parse are dropped, as the original does.
void append_topic_text(std::string& out, const TopicConfig& config);
Result<TopicConfig> parse_topic_text(std::string_view text);

// Static topics: which broker serves which part of which logical queue. Carried and kept, not interpreted.
struct LogicQueueMappingItem {
  std::string bname;
  std::int64_t end_offset = -1;
  std::int32_t gen = 0;
  std::int64_t logic_offset = 0;
  std::int32_t queue_id = 0;
  std::int64_t start_offset = 0;
  std::int64_t time_of_end = -1;
  std::int64_t time_of_start = -1;
  bool operator==(const LogicQueueMappingItem&) const = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.nullable("bname", self.bname);
    v.field("endOffset", self.end_offset);
    v.field("gen", self.gen);
    v.field("logicOffset", self.logic_offset);
    v.field("queueId", self.queue_id);
    v.field("startOffset", self.start_offset);
    v.field("timeOfEnd", self.time_of_end);
    v.field("timeOfStart", self.time_of_start);
  }
};

struct TopicQueueMappingInfo {
  std::string bname;
  std::map<std::int32_t, std::int32_t> curr_id_map;
  bool dirty = false;
  std::int64_t epoch = 0;
  std::string scope = "__global__";
  std::string topic;
  std::int32_t total_queues = 0;
  bool operator==(const TopicQueueMappingInfo&) const = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.nullable("bname", self.bname);
    v.field("currIdMap", self.curr_id_map);
    v.field("dirty", self.dirty);
    v.field("epoch", self.epoch);
    v.nullable("scope", self.scope);
    v.nullable("topic", self.topic);
    v.field("totalQueues", self.total_queues);
  }
};

struct TopicQueueMappingDetail {
  TopicQueueMappingInfo info;
  std::map<std::int32_t, std::vector<LogicQueueMappingItem>> hosted_queues;
  bool operator==(const TopicQueueMappingDetail&) const = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.nullable("bname", self.info.bname);
    v.field("currIdMap", self.info.curr_id_map);
    v.field("dirty", self.info.dirty);
    v.field("epoch", self.info.epoch);
    v.field("hostedQueues", self.hosted_queues);
    v.nullable("scope", self.info.scope);
    v.nullable("topic", self.info.topic);
    v.field("totalQueues", self.info.total_queues);
  }
};

using TopicConfigMap = std::map<std::string, TopicConfig, std::less<>>;

// topics.json
struct TopicConfigTable {
  DataVersion data_version;
  TopicConfigMap topics;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("dataVersion", self.data_version);
    v.field("topicConfigTable", self.topics);
  }
};

// 21, and inside RegisterBrokerBody.
struct TopicConfigAndMappingTable {
  DataVersion data_version;
  DataVersion mapping_data_version;
  TopicConfigMap topics;
  std::map<std::string, TopicQueueMappingDetail, std::less<>> mapping_details;
  std::map<std::string, TopicQueueMappingInfo, std::less<>> mapping_infos;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("dataVersion", self.data_version);
    v.field("mappingDataVersion", self.mapping_data_version);
    v.field("topicConfigTable", self.topics);
    v.field("topicQueueMappingDetailMap", self.mapping_details);
    v.field("topicQueueMappingInfoMap", self.mapping_infos);
  }
};

// 351
struct TopicConfigAndMapping {
  TopicConfig config;
  std::optional<TopicQueueMappingDetail> mapping_detail;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("attributes", self.config.attributes);
    v.field("mappingDetail", self.mapping_detail);
    v.field("order", self.config.order);
    v.field("perm", self.config.perm);
    v.field("readQueueNums", self.config.read_queue_nums);
    v.field("topicFilterType", self.config.topic_filter_type);
    v.nullable("topicName", self.config.topic_name);
    v.field("topicSysFlag", self.config.topic_sys_flag);
    v.field("writeQueueNums", self.config.write_queue_nums);
  }
};

// 18
struct CreateTopicList {
  std::vector<TopicConfig> topics;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("topicConfigList", self.topics);
  }
};

}  // namespace rmq::protocol
