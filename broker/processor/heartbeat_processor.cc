#include "broker/processor/heartbeat_processor.h"

#include <algorithm>

#include "broker/processor/answers.h"
#include "common/base/log.h"
#include "common/protocol/headers/client.h"
#include "common/protocol/headers/ext_names.h"

namespace rmq::broker {

using protocol::RequestCode;
using protocol::ResponseCode;
using remoting::Request;

void HeartbeatProcessor::handle(const Request& request) {
  switch (request.command.code) {
    case RequestCode::kHeartBeat: return heartbeat(request);
    case RequestCode::kUnregisterClient: return unregister(request);
    case RequestCode::kCheckClientConfig: return check_client(request);
    default: return remoting::reply(request, ResponseCode::kRequestCodeNotSupported);
  }
}

bool HeartbeatProcessor::prepare_group(const protocol::ConsumerData& data, bool& notify) {
  auto group = groups_.find_or_create_and_wait(data.group_name);
  if (!group) {
    if (group.error().kind != ErrorKind::kNotFound) {
      log::warn("consumer group not registered", {{"group", data.group_name}, {"error", group.error()}});
    }
    return false;
  }
  notify = (*group)->notify_consumer_ids_changed_enable;
  bool order = std::ranges::any_of(data.subscriptions,
                                   [&](const auto& subscription) { return topics_.is_order(subscription.topic); });
  auto retry = topics_.create_for_retry_and_wait(retry_topic(data.group_name), (*group)->retry_queue_nums,
                                                 kPermRead | kPermWrite, order, data.unit_mode ? kTopicUnitSub : 0);
  if (!retry) log::warn("retry topic not made", {{"group", data.group_name}, {"error", retry.error()}});
  return true;
}

void HeartbeatProcessor::heartbeat(const Request& request) {
  auto data = body_or_answer<protocol::HeartbeatData>(request);
  if (!data) return;
  if (data->client_id.empty())
    return remoting::reply(request, ResponseCode::kSystemError, "heartbeat without clientID");
  const ClientIdentity client{request.connection, data->client_id, request.command.language, request.command.version};
  const bool short_form_known = data->heartbeat_fingerprint != 0;
  bool send_long_form = !short_form_known;
  for (const auto& consumer : data->consumers) {
    if (config_.reject_pull_consumer_enable && consumer.consume_type == protocol::ConsumeType::kActively) continue;
    bool notify = true;
    if (!prepare_group(consumer, notify)) continue;
    const bool without_subscriptions = short_form_known && data->without_sub;
    if (clients_.consumers().exchange_fingerprint(consumer.group_name, data->heartbeat_fingerprint,
                                                  without_subscriptions)) {
      send_long_form = true;
    }
    clients_.register_consumer(consumer, client, notify, !without_subscriptions);
  }
  if (config_.enable_register_producer) {
    for (const auto& producer : data->producers) {
      if (!producer.group_name.empty()) clients_.register_producer(producer.group_name, client);
    }
  }
  auto response = protocol::response_to(request.command, ResponseCode::kSuccess);
  response.set(protocol::ExtName::kHeartbeatV2, true);
  response.set(protocol::ExtName::kSubscriptionChange, send_long_form);
  remoting::reply(request, std::move(response));
}

void HeartbeatProcessor::unregister(const Request& request) {
  auto header = header_or_answer<protocol::UnregisterClientRequest>(request);
  if (!header) return;
  if (!header->producer_group.empty()) clients_.unregister_producer(header->producer_group, request.connection);
  if (!header->consumer_group.empty()) {
    GroupPtr group = groups_.find(header->consumer_group);
    bool notify = group == nullptr || group->notify_consumer_ids_changed_enable;
    clients_.unregister_consumer(header->consumer_group, request.connection, notify);
  }
  reply_success(request);
}

void HeartbeatProcessor::check_client(const Request& request) {
  auto body = body_or_answer<protocol::CheckClientRequest>(request);
  if (!body) return;
  const std::string& type = body->subscription.expression_type;
  if (type.empty() || type == protocol::kExpressionTag) return reply_success(request);
  remoting::reply(request, ResponseCode::kSystemError,
                  "The broker does not support consumer to filter message by " + type);
}

}  // namespace rmq::broker
