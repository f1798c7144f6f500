#include "broker/send/message_placer.h"

#include <algorithm>
#include <charconv>

#include "broker/topic/names.h"
#include "common/protocol/message_flags.h"
#include "common/protocol/message_properties.h"

namespace rmq::broker {

using protocol::MessageFlag;
using protocol::Property;

Status MessagePlacer::add(store::AppendBatch& batch, const NewMessage& message,
                          const ScannedProperties& scanned) const {
  const auto transaction = protocol::transaction_type(message.sys_flag);
  const bool may_be_delayed =
      transaction == MessageFlag::kTransactionNone || transaction == MessageFlag::kTransactionCommit;
  if (may_be_delayed && !scanned.delay_level.empty()) {
    std::int32_t level = 0;
    std::from_chars(scanned.delay_level.data(), scanned.delay_level.data() + scanned.delay_level.size(), level);
    if (level > 0) return add_delayed(batch, message, std::min(level, levels_));
  }
  return add_record(batch, message);
}

Status MessagePlacer::add_delayed(store::AppendBatch& batch, const NewMessage& message, std::int32_t level) const {
  std::string properties(message.properties);
  RMQ_CHECK_OK(protocol::set_property(properties, Property::kDelayTimeLevel, std::to_string(level)));
  RMQ_CHECK_OK(protocol::set_property(properties, Property::kRealTopic, message.topic));
  RMQ_CHECK_OK(protocol::set_property(properties, Property::kRealQueueId, std::to_string(message.queue_id)));
  NewMessage scheduled = message;
  scheduled.topic = kScheduleTopic;
  scheduled.queue_id = level - 1;
  scheduled.properties = properties;
  return add_record(batch, scheduled);
}

Status MessagePlacer::add_record(store::AppendBatch& batch, const NewMessage& message) const {
  protocol::MessageRecord record;
  record.flag = message.flag;
  record.sys_flag = message.sys_flag;
  record.born_timestamp = message.born_timestamp;
  record.born_host = message.born_host;
  record.store_host = message.store_host;
  record.reconsume_times = message.reconsume_times;
  record.body = message.body;
  record.topic = message.topic;
  record.properties = message.properties;
  protocol::EncodeOptions options;
  options.more_properties = message.more_properties;
  options.crc_property = store_.options().crc_property;
  std::string separated;
  if (!message.properties.empty() && message.properties.back() != protocol::kPropertyEnd &&
      !message.more_properties.empty()) {
    // Clients may leave the last separator out.
    separated.assign(1, protocol::kPropertyEnd).append(message.more_properties);
    options.more_properties = separated;
  }
  return batch.add(store_.queue(message.topic, message.queue_id), record, options);
}

}  // namespace rmq::broker
