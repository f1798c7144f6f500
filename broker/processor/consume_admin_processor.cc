#include "broker/processor/consume_admin_processor.h"

#include <algorithm>

#include "broker/processor/answers.h"
#include "common/base/log.h"
#include "common/protocol/body/message_queue.h"
#include "common/protocol/body/tables.h"
#include "common/protocol/headers/admin.h"
#include "common/protocol/headers/offset.h"

namespace rmq::broker {

using protocol::MessageQueue;
using protocol::RequestCode;
using protocol::ResponseCode;
using remoting::Request;

void ConsumeAdminProcessor::handle(const Request& request) {
  switch (request.command.code) {
    case RequestCode::kGetAllConsumerOffset: return reply_bytes(request, offsets_.encode());
    case RequestCode::kGetAllDelayOffset: return reply_bytes(request, delay_offsets_.encode());
    case RequestCode::kGetTopicStatsInfo: return topic_stats(request);
    case RequestCode::kGetConsumeStats: return consume_stats(request);
    case RequestCode::kInvokeBrokerToResetOffset: return reset(request);
    case RequestCode::kQueryTopicConsumeByWho: return groups_of_topic(request);
    case RequestCode::kQueryTopicsByConsumer: return topics_of_group(request);
    case RequestCode::kQueryConsumeTimeSpan: return time_span(request);
    case kCloneGroupOffset: return clone(request);
    case kGetBrokerConsumeStats: return all_consume_stats(request);
    default: return remoting::reply(request, ResponseCode::kRequestCodeNotSupported);
  }
}

bool ConsumeAdminProcessor::subscribes_elsewhere(std::string_view group, std::string_view topic) const {
  ConsumerGroupPtr online = clients_.consumers().find(group);
  return online != nullptr && !online->subscriptions.empty() && !online->subscriptions.contains(topic);
}

void ConsumeAdminProcessor::topic_stats(const Request& request) {
  auto header = header_or_answer<protocol::GetTopicStatsInfoRequest>(request);
  if (!header) return;
  TopicPtr topic = topics_.find(header->topic);
  if (topic == nullptr) {
    return remoting::reply(request, ResponseCode::kTopicNotExist,
                           "topic[" + std::string(header->topic) + "] not exist");
  }
  protocol::TopicStatsTable body;
  const std::int32_t queues = std::max(topic->write_queue_nums, topic->read_queue_nums);
  for (std::int32_t id = 0; id < queues; ++id) {
    const store::TopicQueue* queue = store_.find_queue(header->topic, id);
    protocol::TopicOffset offset;
    if (queue != nullptr) {
      offset.min_offset = queue->min_offset();
      offset.max_offset = queue->max_offset();
      offset.last_update_timestamp = std::max<std::int64_t>(0, store_timestamp(queue, offset.max_offset - 1));
    }
    body.offsets.emplace(MessageQueue{topic->topic_name, config_.broker_name, id}, offset);
  }
  reply_body(request, body);
}

void ConsumeAdminProcessor::collect(std::string_view group, const std::string& topic, std::int32_t queues,
                                    protocol::ConsumeStats& stats) const {
  for (std::int32_t id = 0; id < queues; ++id) {
    const store::TopicQueue* queue = store_.find_queue(topic, id);
    protocol::OffsetWrapper offset;
    offset.broker_offset = queue == nullptr ? 0 : queue->max_offset();
    offset.consumer_offset = offsets_.query(group, topic, id).value_or(0);
    offset.pull_offset = std::max(offset.consumer_offset, offsets_.query_pull(group, topic, id).value_or(-1));
    offset.last_timestamp = std::max<std::int64_t>(0, store_timestamp(queue, offset.consumer_offset - 1));
    stats.offsets.emplace(MessageQueue{topic, config_.broker_name, id}, offset);
  }
}

void ConsumeAdminProcessor::all_consume_stats(const Request& request) {
  auto header = header_or_answer<protocol::GetConsumeStatsInBrokerRequest>(request);
  if (!header) return;
  protocol::ConsumeStatsList body;
  body.broker_addr = config_.broker_address();
  for (const auto& [group, config] : groups_.table().groups) {
    std::vector<protocol::ConsumeStats> of_group;
    for (const std::string& name : offsets_.topics_of(group)) {
      TopicPtr topic = topics_.find(name);
      if (topic == nullptr || (header->is_order && !topic->order) || subscribes_elsewhere(group, name)) continue;
      collect(group, name, topic->write_queue_nums, of_group.emplace_back());
      for (const auto& [queue, offset] : of_group.back().offsets) {
        body.total_diff += offset.broker_offset - offset.consumer_offset;
        body.total_inflight_diff += offset.pull_offset - offset.consumer_offset;
      }
    }
    body.stats.push_back({{group, std::move(of_group)}});
  }
  reply_body(request, body);
}

void ConsumeAdminProcessor::consume_stats(const Request& request) {
  auto header = header_or_answer<protocol::GetConsumeStatsRequest>(request);
  if (!header) return;
  std::set<std::string> wanted;
  for (std::string_view rest = header->topic_list; !rest.empty();) {
    auto end = rest.find(';');
    if (end != 0) wanted.emplace(rest.substr(0, end));
    rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  }
  if (wanted.empty()) {
    if (header->topic.empty()) {
      wanted = offsets_.topics_of(header->consumer_group);
    } else {
      wanted.emplace(header->topic);
    }
    std::erase_if(wanted,
                  [&](const std::string& topic) { return subscribes_elsewhere(header->consumer_group, topic); });
  }
  protocol::ConsumeStats body;
  for (const std::string& name : wanted) {
    TopicPtr topic = topics_.find(name);
    if (topic == nullptr) continue;
    collect(header->consumer_group, name, topic->read_queue_nums, body);
  }
  reply_body(request, body);
}

void ConsumeAdminProcessor::reset(const Request& request) {
  auto header = header_or_answer<protocol::ResetOffsetRequest>(request);
  if (!header) return;
  const std::string name(header->topic);
  const std::string group(header->group);
  TopicPtr topic = topics_.find(name);
  if (config_.is_slave()) {
    return remoting::reply(request, ResponseCode::kSystemError, "Can not reset offset in slave broker");
  }
  if (topic == nullptr) {
    return remoting::reply(request, ResponseCode::kTopicNotExist, "Topic " + name + " does not exist");
  }
  if (!groups_.contains(group)) {
    return remoting::reply(request, ResponseCode::kSubscriptionGroupNotExist, "Group " + group + " does not exist");
  }
  auto by_time = [&](std::int32_t id) -> std::int64_t {
    const store::TopicQueue* queue = store_.find_queue(name, id);
    if (queue == nullptr) return 0;
    return header->timestamp < 0 ? queue->max_offset()
                                 : store_.offset_by_time(*queue, header->timestamp, store::TimeBoundary::kLower);
  };
  std::map<std::int32_t, std::int64_t> targets;
  if (header->queue_id < 0) {
    for (std::int32_t id = 0; id < topic->read_queue_nums; ++id) targets.emplace(id, by_time(id));
  } else if (header->offset && *header->offset != -1) {
    const store::TopicQueue* queue = store_.find_queue(name, header->queue_id);
    const std::int64_t min = queue == nullptr ? 0 : queue->min_offset();
    const std::int64_t max = queue == nullptr ? 0 : queue->max_offset();
    if (*header->offset < min || *header->offset > max) {
      return remoting::reply(request, ResponseCode::kSystemError,
                             "Target offset " + std::to_string(*header->offset) + " not in consume queue range [" +
                                 std::to_string(min) + "-" + std::to_string(max) + "]");
    }
    targets.emplace(header->queue_id, *header->offset);
  } else {
    targets.emplace(header->queue_id, by_time(header->queue_id));
  }
  if (targets.empty()) return remoting::reply(request, ResponseCode::kSystemError, "No queues to reset.");
  protocol::ResetOffsetTable body;
  for (const auto& [id, offset] : targets) {
    offsets_.assign_reset(group, name, id, offset);
    body.offsets.emplace(MessageQueue{name, config_.broker_name, id}, offset);
  }
  log::info(
      "offsets reset",
      {{"group", group}, {"topic", name}, {"queues", targets.size()}, {"from", request.connection->remote_address()}});
  reply_body(request, body);
}

void ConsumeAdminProcessor::groups_of_topic(const Request& request) {
  auto header = header_or_answer<protocol::QueryTopicConsumeByWhoRequest>(request);
  if (!header) return;
  protocol::GroupList body{.groups = clients_.consumers().groups_of(header->topic)};
  body.groups.merge(offsets_.groups_of(header->topic));
  reply_body(request, body);
}

void ConsumeAdminProcessor::topics_of_group(const Request& request) {
  auto header = header_or_answer<protocol::QueryTopicsByConsumerRequest>(request);
  if (!header) return;
  reply_body(request,
             protocol::TopicList{.broker_addr = config_.broker_address(), .topics = offsets_.topics_of(header->group)});
}

void ConsumeAdminProcessor::time_span(const Request& request) {
  auto header = header_or_answer<protocol::QueryConsumeTimeSpanRequest>(request);
  if (!header) return;
  TopicPtr topic = topics_.find(header->topic);
  if (topic == nullptr) {
    return remoting::reply(request, ResponseCode::kTopicNotExist,
                           "topic[" + std::string(header->topic) + "] not exist");
  }
  std::string body = R"({"consumeTimeSpanSet":[)";
  for (std::int32_t id = 0; id < topic->write_queue_nums; ++id) {
    const store::TopicQueue* queue = store_.find_queue(header->topic, id);
    const std::int64_t max = queue == nullptr ? 0 : queue->max_offset();
    const std::int64_t min_time = queue == nullptr ? -1 : store_timestamp(queue, queue->min_offset());
    const std::int64_t committed = offsets_.query(header->group, header->topic, id).value_or(-1);
    const std::int64_t consume_time = committed > 0 ? store_timestamp(queue, committed - 1) : min_time;
    std::int64_t delay = 0;
    if (committed < max) {
      const std::int64_t next_time = store_timestamp(queue, std::max<std::int64_t>(0, committed));
      if (next_time > 0) delay = std::max<std::int64_t>(0, clock_.wall_ms() - next_time);
    }
    if (id > 0) body += ',';
    body += R"({"consumeTimeStamp":)" + std::to_string(consume_time) + R"(,"delayTime":)" + std::to_string(delay) +
            R"(,"maxTimeStamp":)" + std::to_string(store_timestamp(queue, max - 1)) + R"(,"messageQueue":)";
    protocol::append_body(body, MessageQueue{topic->topic_name, config_.broker_name, id});
    body += R"(,"minTimeStamp":)" + std::to_string(min_time) + '}';
  }
  body += "]}";
  reply_bytes(request, std::move(body));
}

void ConsumeAdminProcessor::clone(const Request& request) {
  auto header = header_or_answer<protocol::CloneGroupOffsetRequest>(request);
  if (!header) return;
  std::set<std::string> wanted;
  if (header->topic.empty()) {
    wanted = offsets_.topics_of(header->src_group);
  } else {
    wanted.emplace(header->topic);
  }
  for (const std::string& topic : wanted) {
    if (!topics_.contains(topic)) continue;
    if (!header->offline && subscribes_elsewhere(header->src_group, topic)) continue;
    offsets_.clone(header->src_group, header->dest_group, topic);
  }
  reply_success(request);
}

}  // namespace rmq::broker
