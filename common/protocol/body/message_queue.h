// A queue of a topic on a broker, and what is keyed by it. As a key it stands as an object: {{...}:5}.
// Source: org.apache.rocketmq.common.message.MessageQueue and remoting.protocol.{admin,body} of release 5.5.0.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/protocol/body/data_version.h"

namespace rmq::protocol {

struct MessageQueue {
  std::string topic;
  std::string broker_name;
  std::int32_t queue_id = 0;

  auto operator<=>(const MessageQueue&) const = default;  // the original's order, too: topic, broker, id

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.nullable("brokerName", self.broker_name);
    v.field("queueId", self.queue_id);
    v.nullable("topic", self.topic);
  }
};

// 41, 42
struct LockBatchRequest {
  std::string client_id;
  std::string consumer_group;
  std::set<MessageQueue> queues;
  bool only_this_broker = false;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.nullable("clientId", self.client_id);
    v.nullable("consumerGroup", self.consumer_group);
    v.field("mqSet", self.queues);
    v.field("onlyThisBroker", self.only_this_broker);
  }
};
struct LockBatchResponse {
  std::set<MessageQueue> locked;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("lockOKMQSet", self.locked);
  }
};

// 43 and consumerOffset.json: "topic@group" -> queue id -> offset.
struct ConsumerOffsetTable {
  DataVersion data_version;
  std::map<std::string, std::map<std::int32_t, std::int64_t>, std::less<>> offsets;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("dataVersion", self.data_version);
    v.field("offsetTable", self.offsets);
  }
};

// 45 and delayOffset.json: delay level -> offset.
struct DelayOffsetTable {
  DataVersion data_version;
  std::map<std::int32_t, std::int64_t> offsets;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("dataVersion", self.data_version);
    v.field("offsetTable", self.offsets);
  }
};

struct TopicOffset {
  std::int64_t last_update_timestamp = 0;
  std::int64_t max_offset = 0;
  std::int64_t min_offset = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("lastUpdateTimestamp", self.last_update_timestamp);
    v.field("maxOffset", self.max_offset);
    v.field("minOffset", self.min_offset);
  }
};
// 202
struct TopicStatsTable {
  std::map<MessageQueue, TopicOffset> offsets;
  double topic_put_tps = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("offsetTable", self.offsets);
    v.field("topicPutTps", self.topic_put_tps);
  }
};

struct OffsetWrapper {
  std::int64_t broker_offset = 0;
  std::int64_t consumer_offset = 0;
  std::int64_t last_timestamp = 0;
  std::int64_t pull_offset = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("brokerOffset", self.broker_offset);
    v.field("consumerOffset", self.consumer_offset);
    v.field("lastTimestamp", self.last_timestamp);
    v.field("pullOffset", self.pull_offset);
  }
};
// 208
struct ConsumeStats {
  double consume_tps = 0;
  std::map<MessageQueue, OffsetWrapper> offsets;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("consumeTps", self.consume_tps);
    v.field("offsetTable", self.offsets);
  }
};
// 317
struct ConsumeStatsList {
  std::string broker_addr;
  std::vector<std::map<std::string, std::vector<ConsumeStats>>> stats;
  std::int64_t total_diff = 0;
  std::int64_t total_inflight_diff = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.nullable("brokerAddr", self.broker_addr);
    v.field("consumeStatsList", self.stats);
    v.field("totalDiff", self.total_diff);
    v.field("totalInflightDiff", self.total_inflight_diff);
  }
};

// 220, 222
struct ResetOffsetTable {
  std::map<MessageQueue, std::int64_t> offsets;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("offsetTable", self.offsets);
  }
};

// 221, 223
struct ConsumerStatusTable {
  std::map<std::string, std::map<MessageQueue, std::int64_t>> by_client;
  std::map<MessageQueue, std::int64_t> offsets;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("consumerTable", self.by_client);
    v.field("messageQueueTable", self.offsets);
  }
};

}  // namespace rmq::protocol

template <>
struct std::hash<rmq::protocol::MessageQueue> {
  std::size_t operator()(const rmq::protocol::MessageQueue& queue) const noexcept {
    const std::hash<std::string> text;
    std::size_t seed = text(queue.topic);
    seed = seed * 31 + text(queue.broker_name);
    return seed * 31 + static_cast<std::size_t>(queue.queue_id);
  }
};
