#include "broker/send/send_batch.h"

#include "common/base/bytes.h"

#include "common/protocol/codes.h"
#include "common/protocol/headers/send.h"
#include "common/protocol/message_id.h"
#include "common/protocol/message_properties.h"

namespace rmq::broker {
namespace {

using protocol::ResponseCode;
using store::AppendStatus;

struct Outcome {
  std::int32_t code;
  std::string_view remark;
  bool stored;
};

// PutMessageStatus as the original's send processor answers it.
Outcome outcome_of(AppendStatus status) {
  switch (status) {
    case AppendStatus::kOk: return {ResponseCode::kSuccess, {}, true};
    case AppendStatus::kFlushTimeout: return {ResponseCode::kFlushDiskTimeout, "flush disk timeout", true};
    case AppendStatus::kReplicaTimeout: return {ResponseCode::kFlushSlaveTimeout, "flush slave timeout", true};
    case AppendStatus::kBusy:
      return {ResponseCode::kSystemBusy, "[PC_SYNCHRONIZED]broker busy, start flow control for a while", false};
    case AppendStatus::kDiskFull:
      return {ResponseCode::kServiceNotAvailable,
              "service not available now. The broker's disk is full; it accepts messages again when there is space",
              false};
    case AppendStatus::kIoError:
      return {ResponseCode::kSystemError, "the broker's disk failed; the message may or may not be stored", false};
    case AppendStatus::kTooLarge:
      return {ResponseCode::kMessageIllegal, "the message is illegal, maybe msg body or properties length not matched",
              false};
    case AppendStatus::kClosed:
      return {ResponseCode::kServiceNotAvailable, "service not available now. The broker is stopping", false};
    case AppendStatus::kNotMaster:
      return {ResponseCode::kServiceNotAvailable, "service not available now. This broker is not the master", false};
    case AppendStatus::kFewReplicas: return {ResponseCode::kSystemError, "in-sync replicas not enough", false};
  }
  return {ResponseCode::kSystemError, "unknown", false};
}

std::string_view store_ip(const std::string& host) {
  return std::string_view(host).substr(0, host.size() - 4);
}

}  // namespace

void SendBatch::begin_answer(const protocol::CommandView& request, std::int32_t queue_id,
                             std::string_view transaction_id) {
  Answer answer;
  answer.opaque = request.opaque;
  answer.serialize_type = request.serialize_type;
  answer.oneway = request.is_oneway();
  answer.queue_id = queue_id;
  answer.first_record = static_cast<std::uint32_t>(records().size());
  answer.id_position = static_cast<std::uint32_t>(ids_.size());
  answer.id_size = static_cast<std::uint32_t>(transaction_id.size());
  ids_ += transaction_id;
  answers_.push_back(answer);
}

void SendBatch::end_answer() {
  answers_.back().records = static_cast<std::uint32_t>(records().size()) - answers_.back().first_record;
}

void SendBatch::answer_all() const {
  remoting::OutgoingFrame frame;
  frame.head.reserve(answers_.size() * 320);
  std::string scratch;
  for (const auto& answer : answers_) {
    if (!answer.oneway) encode(answer, frame.head, scratch);
  }
  if (!frame.head.empty()) connection_->send(std::move(frame));
}

void SendBatch::encode(const Answer& answer, std::string& out, std::string& scratch) const {
  const auto outcome = outcome_of(status);
  protocol::FrameWriter writer(
      out, {outcome.code, answer.opaque, protocol::kFlagResponse, answer.serialize_type, outcome.remark});
  if (outcome.stored) {
    const auto& host = context_.store_host;
    const auto port = load_be<std::int32_t>(host.data() + host.size() - 4);
    scratch.clear();
    for (std::uint32_t i = 0; i < answer.records; ++i) {
      if (i > 0) scratch += ',';
      protocol::append_offset_message_id(scratch, store_ip(host), port,
                                         records()[answer.first_record + i].physical_offset);
    }
    protocol::SendMessageResponse header;
    header.msg_id = scratch;
    header.queue_id = answer.queue_id;
    header.queue_offset = records()[answer.first_record].queue_offset;
    if (answer.id_size > 0) {
      header.transaction_id = std::string_view(ids_).substr(answer.id_position, answer.id_size);
    }
    protocol::write_header(writer, header);
  }
  writer.field(protocol::Property::kMsgRegion, context_.region);
  writer.field(protocol::Property::kTraceSwitch, context_.trace_on);
  writer.finish(0);
}

}  // namespace rmq::broker
