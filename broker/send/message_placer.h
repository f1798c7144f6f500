// Where a new message goes: into its topic's queue, or, when it is delayed, into the schedule topic until it is due.
// Source: org.apache.rocketmq.broker.util.HookUtils.handleScheduleMessage of release 5.5.0.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/send/message_properties_scan.h"
#include "broker/store/message_store.h"

namespace rmq::broker {

// All views are needed during the call only.
struct NewMessage {
  std::string_view topic;
  std::int32_t queue_id = 0;
  std::int32_t flag = 0;
  std::int32_t sys_flag = 0;
  std::int64_t born_timestamp = 0;
  std::string_view born_host;   // ip and port bytes
  std::string_view store_host;  // likewise
  std::int32_t reconsume_times = 0;
  std::string_view body;
  std::string_view properties;
  std::string_view more_properties;  // stand after `properties`
};

class MessagePlacer {
 public:
  explicit MessagePlacer(store::MessageStore& store)
      : store_(store), levels_(static_cast<std::int32_t>(store.options().delay_levels_ms.size())) {}

  // kInvalid: too long topic or properties; the batch is unchanged then.
  Status add(store::AppendBatch& batch, const NewMessage& message, const ScannedProperties& scanned) const;

 private:
  Status add_delayed(store::AppendBatch& batch, const NewMessage& message, std::int32_t level) const;
  Status add_record(store::AppendBatch& batch, const NewMessage& message) const;

  store::MessageStore& store_;
  std::int32_t levels_;
};

}  // namespace rmq::broker
