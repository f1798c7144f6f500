#include "broker/processor/client_admin_processor.h"

#include "broker/processor/answers.h"
#include "common/protocol/headers/admin.h"
#include "common/protocol/headers/client.h"

namespace rmq::broker {

using protocol::RequestCode;
using protocol::ResponseCode;
using remoting::Request;

namespace {

protocol::Connection describe(const ClientChannel& client) {
  return {.client_addr = client.connection->remote_address(),
          .client_id = client.client_id,
          .language = std::string(to_string(client.language)),
          .version = client.version};
}

}  // namespace

void ClientAdminProcessor::handle(const Request& request) {
  switch (request.command.code) {
    case RequestCode::kGetConsumerConnectionList: return consumers(request);
    case RequestCode::kGetProducerConnectionList: return producers(request);
    case RequestCode::kGetAllProducerInfo: return all_producers(request);
    case RequestCode::kQuerySubscriptionByConsumer: return subscription(request);
    default: return remoting::reply(request, ResponseCode::kRequestCodeNotSupported);
  }
}

void ClientAdminProcessor::consumers(const Request& request) {
  auto header = header_or_answer<protocol::GetConsumerConnectionListRequest>(request);
  if (!header) return;
  ConsumerGroupPtr group = clients_.consumers().find(header->consumer_group);
  if (group == nullptr) {
    return remoting::reply(request, ResponseCode::kConsumerNotOnline,
                           "the consumer group[" + std::string(header->consumer_group) + "] not online");
  }
  protocol::ConsumerConnection body;
  body.consume_type = group->consume_type;
  body.message_model = group->message_model;
  body.consume_from_where = group->consume_from_where;
  for (const auto& [topic, data] : group->subscriptions) body.subscriptions.emplace(topic, *data);
  for (const auto& client : group->clients) body.connections.push_back(describe(*client));
  reply_body(request, body);
}

void ClientAdminProcessor::producers(const Request& request) {
  auto header = header_or_answer<protocol::GetProducerConnectionListRequest>(request);
  if (!header) return;
  auto clients = clients_.producers().clients(header->producer_group);
  if (clients.empty()) {
    return remoting::reply(request, ResponseCode::kSystemError,
                           "the producer group[" + std::string(header->producer_group) + "] not exist");
  }
  protocol::ProducerConnection body;
  for (const auto& client : clients) body.connections.push_back(describe(*client));
  reply_body(request, body);
}

void ClientAdminProcessor::all_producers(const Request& request) {
  protocol::ProducerTable body;
  const std::int64_t wall_minus_monotonic = clock_.wall_ms() - clock_.monotonic_ms();
  for (const auto& [group, clients] : clients_.producers().all()) {
    for (const auto& client : clients) {
      body.by_group[group].push_back({.client_id = client->client_id,
                                      .language = std::string(to_string(client->language)),
                                      .last_update_timestamp = client->last_seen_ms + wall_minus_monotonic,
                                      .remote_ip = "/" + client->connection->remote_address(),
                                      .version = client->version});
    }
  }
  reply_body(request, body);
}

void ClientAdminProcessor::subscription(const Request& request) {
  auto header = header_or_answer<protocol::QuerySubscriptionByConsumerRequest>(request);
  if (!header) return;
  SubscriptionPtr data = clients_.consumers().find_subscription(header->group, header->topic);
  protocol::QuerySubscriptionResponse body;
  body.group = header->group;
  body.topic = header->topic;
  if (data != nullptr) body.subscription = *data;
  reply_body(request, body);
}

}  // namespace rmq::broker
