#include "broker/processor/slave_sync_processor.h"

#include "broker/processor/answers.h"
#include "broker/topic/names.h"
#include "common/base/bytes.h"

namespace rmq::broker {

using protocol::ResponseCode;
using remoting::Request;

namespace {

constexpr std::int64_t kPrecisionMs = 1000;

}  // namespace

std::string encode_timer_checkpoint(const TimerCheckpoint& checkpoint) {
  std::string bytes;
  for (const std::int64_t value :
       {checkpoint.last_read_time_ms, checkpoint.last_timer_log_flush_pos, checkpoint.last_timer_queue_offset,
        checkpoint.master_timer_queue_offset, checkpoint.data_version.state_version, checkpoint.data_version.timestamp,
        checkpoint.data_version.counter}) {
    append_be(bytes, value);
  }
  return bytes;
}

TimerCheckpoint SlaveSyncProcessor::checkpoint() const {
  TimerCheckpoint result;
  result.last_read_time_ms = clock_.wall_ms() / kPrecisionMs * kPrecisionMs;
  const auto* queue = store_.find_queue(kTimerTopic, 0);
  if (queue != nullptr) result.master_timer_queue_offset = queue->max_offset();
  result.last_timer_queue_offset = result.master_timer_queue_offset;
  return result;
}

void SlaveSyncProcessor::handle(const Request& request) {
  switch (request.command.code) {
    case kGetTimerCheckpoint: return reply_bytes(request, encode_timer_checkpoint(checkpoint()));
    case kGetTimerMetrics:
      return reply_bytes(request, R"({"dataVersion":{"counter":0,"stateVersion":0,"timestamp":0},"timingCount":{}})");
    case kGetAllMessageRequestMode: return reply_bytes(request, R"({"messageRequestModeMap":{}})");
    default: return remoting::reply(request, ResponseCode::kRequestCodeNotSupported);
  }
}

}  // namespace rmq::broker
