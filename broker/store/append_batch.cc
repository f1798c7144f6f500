#include "broker/store/append_batch.h"

#include <algorithm>

namespace rmq::store {

Status AppendBatch::add(TopicQueue& queue, protocol::MessageRecord record, protocol::EncodeOptions options) {
  record.queue_id = queue.id();
  record.topic = queue.topic();
  record.queue_offset = 0;
  record.physical_offset = 0;
  record.store_timestamp = 0;
  const auto position = bytes_.size();
  RMQ_TRY(auto size, protocol::append_record(bytes_, record, options));
  if (bytes_.size() > UINT32_MAX) {
    bytes_.resize(position);
    return fail(ErrorKind::kFull, "a batch of appends is limited to 4 GiB");
  }
  AppendRecord entry;
  entry.position = static_cast<std::uint32_t>(position);
  entry.size = static_cast<std::uint32_t>(size);
  entry.queue = &queue;
  entry.enters_queue = enters_queue(record.sys_flag);
  records_.push_back(entry);
  largest_ = std::max(largest_, entry.size);
  seal_crc_ = seal_crc_ || options.crc_property;
  return {};
}

void AppendBatch::clear() {
  bytes_.clear();
  records_.clear();
  largest_ = 0;
  seal_crc_ = false;
  status = AppendStatus::kOk;
}

}  // namespace rmq::store
