#include "broker/processor/query_processor.h"

#include <algorithm>

#include "broker/processor/answers.h"
#include "common/protocol/headers/ext_names.h"
#include "common/protocol/headers/pull.h"

namespace rmq::broker {

using protocol::RequestCode;
using protocol::ResponseCode;
using remoting::Request;

namespace {

// Sends the records as they stand in the log: nothing is copied.
template <class WriteHeader>
void reply_records(const Request& request, std::vector<store::LogView> records, const WriteHeader& write_header) {
  if (request.command.is_oneway()) return;
  auto kept = std::make_shared<const std::vector<store::LogView>>(std::move(records));
  remoting::OutgoingFrame frame;
  std::size_t size = 0;
  for (const auto& record : *kept) {
    frame.segments.push_back({record.bytes});
    size += record.bytes.size();
  }
  protocol::FrameWriter writer(frame.head, remoting::ReplyTo::of(request).head(ResponseCode::kSuccess));
  write_header(writer);
  writer.finish(size);
  frame.owner = std::move(kept);
  request.connection->send(std::move(frame));
}

}  // namespace

void QueryProcessor::handle(const Request& request) {
  switch (request.command.code) {
    case RequestCode::kQueryMessage: return by_key(request);
    case RequestCode::kViewMessageById: return by_place(request);
    default: return remoting::reply(request, ResponseCode::kRequestCodeNotSupported);
  }
}

void QueryProcessor::by_key(const Request& request) {
  auto header = header_or_answer<protocol::QueryMessageRequest>(request);
  if (!header) return;
  std::int32_t most = header->max_num;
  if (request.command.ext(protocol::ExtName::kUniqueKeyQuery) == "true") most = config_.default_query_max_num;
  most = std::clamp(most, 0, config_.max_msgs_num_batch.get());
  auto result = store_.query(header->topic, header->key, static_cast<std::size_t>(most), header->begin_timestamp,
                             header->end_timestamp);
  protocol::QueryMessageResponse answer{.index_last_update_timestamp = result.last_update_timestamp,
                                        .index_last_update_phyoffset = result.last_update_physical};
  if (result.records.empty()) {
    auto response = protocol::response_to(request.command, ResponseCode::kQueryNotFound,
                                          "can not find message, maybe time range not correct");
    protocol::set_header(response, answer);
    return remoting::reply(request, std::move(response));
  }
  reply_records(request, std::move(result.records),
                [&](protocol::FrameWriter& writer) { protocol::write_header(writer, answer); });
}

void QueryProcessor::by_place(const Request& request) {
  auto header = header_or_answer<protocol::ViewMessageRequest>(request);
  if (!header) return;
  store::LogView record;
  if (header->offset >= 0) record = store_.record_at(static_cast<std::uint64_t>(header->offset));
  if (!record) {
    return remoting::reply(request, ResponseCode::kSystemError,
                           "can not find message by the offset, " + std::to_string(header->offset));
  }
  std::vector<store::LogView> records;
  records.push_back(std::move(record));
  reply_records(request, std::move(records), [](protocol::FrameWriter&) {});
}

}  // namespace rmq::broker
