#include "broker/processor/consumer_manage_processor.h"

#include <algorithm>
#include <set>

#include "broker/processor/answers.h"
#include "common/protocol/body/tables.h"
#include "common/protocol/headers/client.h"
#include "common/protocol/headers/offset.h"

namespace rmq::broker {

using protocol::RequestCode;
using protocol::ResponseCode;
using remoting::Request;

void ConsumerManageProcessor::handle(const Request& request) {
  switch (request.command.code) {
    case RequestCode::kGetConsumerListByGroup: return list_consumers(request);
    case RequestCode::kQueryConsumerOffset: return query_offset(request);
    case RequestCode::kUpdateConsumerOffset: return update_offset(request);
    default: return remoting::reply(request, ResponseCode::kRequestCodeNotSupported);
  }
}

void ConsumerManageProcessor::list_consumers(const Request& request) {
  auto header = header_or_answer<protocol::GetConsumerListByGroupRequest>(request);
  if (!header) return;
  ConsumerGroupPtr group = clients_.consumers().find(header->consumer_group);
  if (group == nullptr || group->clients.empty()) {
    return remoting::reply(request, ResponseCode::kSystemError,
                           "no consumer for this group, " + std::string(header->consumer_group));
  }
  protocol::ConsumerList list;
  // A client that reconnects may stand here twice for a while, until its former connection is found to be gone. Named
  // twice it would take half of its queues for somebody else's.
  std::set<std::string_view> named;
  for (const auto& client : group->clients) {
    if (named.insert(client->client_id).second) list.client_ids.push_back(client->client_id);
  }
  reply_body(request, list);
}

void ConsumerManageProcessor::query_offset(const Request& request) {
  auto header = header_or_answer<protocol::QueryConsumerOffsetRequest>(request);
  if (!header) return;
  const store::TopicQueue* queue = store_.find_queue(header->topic, header->queue_id);
  if (auto offset = offsets_.query(header->consumer_group, header->topic, header->queue_id)) {
    // Beyond the end after a loss of messages: a consumer that waited there would skip what comes (issues 4771, 7790).
    // Below the beginning is left to the pull, whose answer the original's clients count on.
    if (queue != nullptr) offset = clamp_offset(*offset, std::min(*offset, queue->min_offset()), queue->max_offset());
    return reply_header(request, protocol::QueryConsumerOffsetResponse{.offset = *offset});
  }
  if (header->set_zero_if_not_found == false) {
    return remoting::reply(request, ResponseCode::kQueryNotFound,
                           "Not found, do not set to zero, maybe this group boot first");
  }
  // A new group starts at the beginning of a queue that is still whole and in memory: it is about as new as the group.
  bool is_new_queue =
      queue != nullptr && queue->min_offset() <= 0 && queue->max_offset() > 0 && !store_.is_cold(*queue, 0);
  if (is_new_queue) return reply_header(request, protocol::QueryConsumerOffsetResponse{.offset = 0});
  remoting::reply(request, ResponseCode::kQueryNotFound,
                  "Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first");
}

void ConsumerManageProcessor::update_offset(const Request& request) {
  auto header = header_or_answer<protocol::UpdateConsumerOffsetRequest>(request);
  if (!header) return;
  if (!groups_.contains(header->consumer_group)) {
    return remoting::reply(request, ResponseCode::kSubscriptionGroupNotExist,
                           "Group " + std::string(header->consumer_group) + " not exist!");
  }
  if (!topics_.contains(header->topic)) {
    return remoting::reply(request, ResponseCode::kTopicNotExist,
                           "Topic " + std::string(header->topic) + " not exist!");
  }
  if (offsets_.has_reset(header->consumer_group, header->topic, header->queue_id)) {
    return remoting::reply(request, ResponseCode::kSuccess, "Offset has been previously reset");
  }
  offsets_.commit(header->consumer_group, header->topic, header->queue_id, header->commit_offset);
  reply_success(request);
}

}  // namespace rmq::broker
