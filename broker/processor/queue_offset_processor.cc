#include "broker/processor/queue_offset_processor.h"

#include "broker/processor/answers.h"
#include "common/protocol/headers/offset.h"

namespace rmq::broker {

using protocol::RequestCode;
using protocol::ResponseCode;
using remoting::Request;

void QueueOffsetProcessor::handle(const Request& request) {
  switch (request.command.code) {
    case RequestCode::kSearchOffsetByTimestamp: return by_time(request);
    case RequestCode::kGetMaxOffset: return end(request);
    case RequestCode::kGetMinOffset: return beginning(request);
    case RequestCode::kGetEarliestMsgStoreTime: return time_of_beginning(request);
    default: return remoting::reply(request, ResponseCode::kRequestCodeNotSupported);
  }
}

void QueueOffsetProcessor::by_time(const Request& request) {
  auto header = header_or_answer<protocol::SearchOffsetRequest>(request);
  if (!header) return;
  const store::TopicQueue* queue = store_.find_queue(header->topic, header->queue_id);
  auto boundary = header->boundary_type == "upper" || header->boundary_type == "UPPER" ? store::TimeBoundary::kUpper
                                                                                       : store::TimeBoundary::kLower;
  std::int64_t offset = queue == nullptr ? 0 : store_.offset_by_time(*queue, header->timestamp, boundary);
  reply_header(request, protocol::SearchOffsetResponse{.offset = offset});
}

void QueueOffsetProcessor::end(const Request& request) {
  auto header = header_or_answer<protocol::GetMaxOffsetRequest>(request);
  if (!header) return;
  const store::TopicQueue* queue = store_.find_queue(header->topic, header->queue_id);
  std::int64_t offset = queue == nullptr ? 0 : header->committed ? queue->max_offset() : queue->next_offset();
  reply_header(request, protocol::GetMaxOffsetResponse{.offset = offset});
}

void QueueOffsetProcessor::beginning(const Request& request) {
  auto header = header_or_answer<protocol::GetMinOffsetRequest>(request);
  if (!header) return;
  const store::TopicQueue* queue = store_.find_queue(header->topic, header->queue_id);
  reply_header(request, protocol::GetMinOffsetResponse{.offset = queue == nullptr ? 0 : queue->min_offset()});
}

void QueueOffsetProcessor::time_of_beginning(const Request& request) {
  auto header = header_or_answer<protocol::GetEarliestMsgStoretimeRequest>(request);
  if (!header) return;
  const store::TopicQueue* queue = store_.find_queue(header->topic, header->queue_id);
  std::int64_t timestamp = queue == nullptr ? -1 : store_.store_timestamp(*queue, queue->min_offset());
  reply_header(request, protocol::GetEarliestMsgStoretimeResponse{.timestamp = timestamp});
}

}  // namespace rmq::broker
