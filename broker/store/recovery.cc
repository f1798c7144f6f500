#include "broker/store/recovery.h"

#include <algorithm>

#include "common/base/log.h"

namespace rmq::store {
namespace {

constexpr std::int64_t kCheckpointSlackMs = 3'000;  // as the original's

const Segment* find(const Segments& segments, std::uint64_t offset) {
  for (const auto& segment : segments) {
    if (segment->contains(offset)) return segment.get();
  }
  return nullptr;
}

// The body's checksum does not cover what stands behind the body. The last record of the log may have been cut off
// there: its end is then still zero, and neither a topic nor properties end so.
bool cut_behind_body(const protocol::MessageRecord& record, std::string_view rest) {
  const bool last = rest.size() < 8 || rest.substr(0, 8).find_first_not_of('\0') == std::string_view::npos;
  return last && (record.properties.empty() ? record.topic.empty() || record.topic.back() == '\0'
                                            : record.properties.back() == '\0');
}

}  // namespace

bool Recovery::record_is_good(const Segments& segments, std::uint64_t offset, protocol::MessageRecord& record) const {
  const auto* segment = find(segments, offset);
  if (segment == nullptr) return false;
  const auto bytes = segment->view(offset, segment->end());
  return protocol::parse_record(bytes, record) == protocol::RecordState::kRecord &&
         static_cast<std::uint64_t>(record.physical_offset) == offset &&
         (!options_.check_crc_on_recover || protocol::record_checksum_ok(bytes, record));
}

std::uint64_t Recovery::choose_start(bool crashed, const Checkpoint& checkpoint) {
  const auto segments = log_.segments();
  const auto first = segments.front()->start();
  protocol::MessageRecord record;
  std::int64_t safe = -1;
  if (!crashed) {
    for (const auto* queue : table_.all()) safe = std::max(safe, queues_.last_physical(*queue));
  } else if (checkpoint.logics_physical_offset > 0) {
    safe = checkpoint.logics_physical_offset;
  }
  if (safe >= static_cast<std::int64_t>(first) && record_is_good(segments, static_cast<std::uint64_t>(safe), record)) {
    return static_cast<std::uint64_t>(safe);
  }
  // Without a known record: the newest file whose first record is older than the checkpoint (or than `safe`).
  const auto time = std::min(checkpoint.physic_msg_timestamp, checkpoint.logics_msg_timestamp) - kCheckpointSlackMs;
  for (auto segment = segments.rbegin(); segment != segments.rend(); ++segment) {
    const auto start = (*segment)->start();
    if (!record_is_good(segments, start, record)) continue;
    if (safe >= 0 ? static_cast<std::int64_t>(start) <= safe : crashed && record.store_timestamp <= time) return start;
  }
  return first;
}

void Recovery::scan(std::uint64_t from, Result& result) {
  const auto segments = log_.segments();
  auto position = from;
  protocol::MessageRecord record;
  const auto* segment = find(segments, position);
  std::uint64_t forgotten = position;
  while (segment != nullptr) {
    const auto bytes = segment->view(position, segment->end());
    const auto state = protocol::parse_record(bytes, record);
    if (state == protocol::RecordState::kEndOfFile) {
      position = segment->end();
      segment = find(segments, position);
      continue;
    }
    const bool good = state == protocol::RecordState::kRecord &&
                      static_cast<std::uint64_t>(record.physical_offset) == position && record.queue_offset >= 0 &&
                      (!options_.check_crc_on_recover || protocol::record_checksum_ok(bytes, record));
    if (!good || cut_behind_body(record, bytes.substr(static_cast<std::size_t>(record.size)))) {
      if (state != protocol::RecordState::kNothing) {
        result.bytes_cut = static_cast<std::uint64_t>(std::clamp<std::int64_t>(record.size, 0, INT32_MAX));
      }
      break;
    }
    if (enters_queue(record.sys_flag)) {
      table_.find_or_create(record.topic, record.queue_id).raise_next(record.queue_offset + 1);
    }
    ++result.records_checked;
    position += static_cast<std::uint64_t>(record.size);
    if (position - forgotten > (16U << 20)) {
      segment->forget(std::max(forgotten, segment->start()), position);
      forgotten = position;
    }
  }
  result.end = position;
}

rmq::Result<Recovery::Result> Recovery::run(bool crashed, const Checkpoint& checkpoint) {
  RMQ_CHECK_OK(log_.load());
  RMQ_CHECK_OK(queues_.load());
  Result result;
  if (log_.segments().empty()) {
    // The log is new, or was taken away. Its offsets go on behind those that consume queues still know.
    for (const auto* queue : table_.all()) {
      result.end = std::max(result.end, static_cast<std::uint64_t>(queues_.last_physical(*queue) + 1));
    }
    if (result.end > 0) log::warn("the commit log is gone; queue offsets go on from the consume queues");
    RMQ_CHECK_OK(log_.set_end(result.end, false));
    result.end = result.dispatch_from = log_.max_offset();
  } else {
    result.dispatch_from = choose_start(crashed, checkpoint);
    for (auto* queue : table_.all()) RMQ_CHECK_OK(queues_.truncate(*queue, result.dispatch_from, crashed));
    scan(result.dispatch_from, result);
    RMQ_CHECK_OK(log_.set_end(result.end, crashed || result.bytes_cut > 0));
  }
  RMQ_CHECK_OK(index_.load(crashed, result.dispatch_from, log_));
  const auto min = log_.min_offset();
  for (auto* queue : table_.all()) RMQ_CHECK_OK(queues_.trim(*queue, min));
  return result;
}

}  // namespace rmq::store
