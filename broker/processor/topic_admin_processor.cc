#include "broker/processor/topic_admin_processor.h"

#include <algorithm>

#include "broker/processor/answers.h"
#include "broker/topic/attributes.h"
#include "common/base/log.h"
#include "common/protocol/body/tables.h"
#include "common/protocol/headers/admin.h"

namespace rmq::broker {

using protocol::RequestCode;
using protocol::ResponseCode;
using protocol::TopicConfig;
using remoting::Request;

namespace {

constexpr std::int32_t kMaxQueues = 65535;

}  // namespace

void TopicAdminProcessor::handle(const Request& request) {
  const auto code = request.command.code;
  const bool changes = code == RequestCode::kUpdateAndCreateTopic || code == RequestCode::kUpdateAndCreateTopicList ||
                       code == RequestCode::kDeleteTopicInBroker;
  if (changes && !config_.is_master()) return reply_not_from_slave(request);
  switch (request.command.code) {
    case RequestCode::kUpdateAndCreateTopic: return create(request);
    case RequestCode::kUpdateAndCreateTopicList: return create_list(request);
    case RequestCode::kGetAllTopicConfig: return list_all(request);
    case RequestCode::kDeleteTopicInBroker: return remove(request);
    case RequestCode::kGetSystemTopicListFromBroker: return list_system(request);
    case RequestCode::kGetTopicConfig: return get(request);
    default: return remoting::reply(request, ResponseCode::kRequestCodeNotSupported);
  }
}

Status TopicAdminProcessor::check(const TopicConfig& topic) const {
  RMQ_CHECK_OK(validate_topic(topic.topic_name));
  if (config_.validate_system_topic && topics_.is_system(topic.topic_name)) {
    return fail(ErrorKind::kInvalid, "The topic[" + topic.topic_name + "] is conflict with system topic.");
  }
  auto type = topic.attributes.find("+message.type");
  if (!config_.enable_mixed_message_type && type != topic.attributes.end() && type->second == "MIXED") {
    return fail(ErrorKind::kInvalid, "MIXED message type is not supported.");
  }
  for (std::int32_t queues : {topic.read_queue_nums, topic.write_queue_nums}) {
    if (queues < 0 || queues > kMaxQueues) return fail(ErrorKind::kInvalid, "queue numbers must be within 0..65535");
  }
  if (!is_valid_perm(topic.perm)) return fail(ErrorKind::kInvalid, "perm must be within 0..7");
  return {};
}

void TopicAdminProcessor::update(const Request& request, std::vector<TopicConfig> topics) {
  for (const TopicConfig& topic : topics) {
    if (auto status = check(topic); !status)
      return reply_error(request, status.error(), ResponseCode::kInvalidParameter);
  }
  log::info("topics set by administration", {{"from", request.connection->remote_address()}, {"count", topics.size()}});
  if (auto status = topics_.update(std::move(topics)); !status) return reply_error(request, status.error());
  announce_();
  reply_success(request);
}

void TopicAdminProcessor::create(const Request& request) {
  auto header = header_or_answer<protocol::CreateTopicRequest>(request);
  if (!header) return;
  TopicConfig topic;
  topic.topic_name = header->topic;
  topic.read_queue_nums = header->read_queue_nums;
  topic.write_queue_nums = header->write_queue_nums;
  topic.perm = header->perm;
  topic.topic_filter_type = header->topic_filter_type == "MULTI_TAG" ? protocol::TopicFilterType::kMultiTag
                                                                     : protocol::TopicFilterType::kSingleTag;
  topic.topic_sys_flag = header->topic_sys_flag.value_or(0);
  topic.order = header->order;
  auto attributes = parse_attribute_changes(header->attributes);
  if (!attributes) return reply_error(request, attributes.error());
  topic.attributes = std::move(*attributes);
  std::vector<TopicConfig> topics;
  topics.push_back(std::move(topic));
  update(request, std::move(topics));
}

void TopicAdminProcessor::create_list(const Request& request) {
  auto body = body_or_answer<protocol::CreateTopicList>(request);
  if (body) update(request, std::move(body->topics));
}

void TopicAdminProcessor::remove(const Request& request) {
  auto header = header_or_answer<protocol::DeleteTopicRequest>(request);
  if (!header) return;
  if (header->topic.find_first_not_of(" \t") == std::string_view::npos) {
    return remoting::reply(request, ResponseCode::kInvalidParameter, "The specified topic is blank.");
  }
  if (config_.validate_system_topic && topics_.is_system(header->topic)) {
    return remoting::reply(request, ResponseCode::kInvalidParameter,
                           "The topic[" + std::string(header->topic) + "] is conflict with system topic.");
  }
  std::vector<std::string> doomed;
  if (config_.clear_retry_topic_when_delete_topic) {
    for (const std::string& group : offsets_.groups_of(header->topic)) {
      for (std::string retry : {pop_retry_topic_v1(header->topic, group), pop_retry_topic_v2(header->topic, group)}) {
        if (topics_.contains(retry)) doomed.push_back(std::move(retry));
      }
    }
  }
  doomed.emplace_back(header->topic);  // last: if it fails half-way, the same request finds the rest again
  for (const std::string& topic : doomed) {
    auto status = topics_.remove(topic);
    if (!status && status.error().kind != ErrorKind::kNotFound) return reply_error(request, status.error());
    offsets_.remove_topic(topic);
    store_.remove_topic(topic);
  }
  reply_success(request);
}

void TopicAdminProcessor::list_all(const Request& request) {
  auto header = header_or_answer<protocol::GetAllTopicConfigRequest>(request);
  if (!header) return;
  const bool paged = header->topic_seq || header->max_topic_num || header->data_version.data() != nullptr;
  protocol::TopicConfigTable table;
  if (paged && config_.enable_split_metadata) {
    auto version = protocol::parse_body<protocol::DataVersion>(header->data_version);
    const std::int32_t most = std::min(config_.split_metadata_size.get(), header->max_topic_num.value_or(INT32_MAX));
    table = topics_.page(static_cast<std::size_t>(std::max(0, header->topic_seq.value_or(0))),
                         static_cast<std::size_t>(std::max(0, most)), version ? std::optional(*version) : std::nullopt);
  } else {
    table = topics_.table();
  }
  protocol::TopicConfigAndMappingTable body;
  body.data_version = table.data_version;
  body.topics = std::move(table.topics);
  auto response = protocol::response_to(request.command, ResponseCode::kSuccess);
  // With a journal slaves of ours follow that instead of asking (docs/replication.md, "On the wire").
  if (config_.enable_controller_mode) response.set("rmqJournal", 1);
  response.set("totalTopicNum", static_cast<std::int32_t>(topics_.size()));
  response.body = protocol::to_body(body);
  remoting::reply(request, std::move(response));
}

void TopicAdminProcessor::list_system(const Request& request) {
  protocol::TopicList list;
  for (std::string& name : topics_.names()) {
    if (topics_.is_system(name)) list.topics.insert(std::move(name));
  }
  for (std::string_view name : {kAutoCreateTopic, kTransCheckMaxTimeTopic, kTraceTopic, kCheckpointTopic}) {
    list.topics.emplace(name);
  }
  reply_body(request, list);
}

void TopicAdminProcessor::get(const Request& request) {
  auto header = header_or_answer<protocol::GetTopicConfigRequest>(request);
  if (!header) return;
  TopicPtr topic = topics_.find(header->topic);
  if (topic == nullptr) {
    return remoting::reply(request, ResponseCode::kTopicNotExist,
                           "No topic in this broker. topic: " + std::string(header->topic));
  }
  reply_body(request, protocol::TopicConfigAndMapping{.config = *topic, .mapping_detail = std::nullopt});
}

}  // namespace rmq::broker
