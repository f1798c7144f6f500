// How far each delay level has been delivered (delayOffset.json).
// Source: org.apache.rocketmq.broker.schedule.ScheduleMessageService, DelayOffsetSerializeWrapper of 5.5.0.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "broker/config/broker_config.h"
#include "broker/state/checkpointer.h"
#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/protocol/body/message_queue.h"

namespace rmq::broker {

// Thread-safe. On the disk within flushDelayOffsetInterval and after an orderly stop; a crash repeats deliveries since.
class DelayOffsets {
 public:
  DelayOffsets(const BrokerConfig& config, Checkpointer& checkpointer, const Clock& clock);
  Status load();

  std::int64_t get(std::int32_t level) const;  // 0 if the level never delivered
  void set(std::int32_t level, std::int64_t offset);
  std::map<std::int32_t, std::int64_t> all() const;

  // {"dataVersion":...,"offsetTable":{level:offset}}: the answer of code 45.
  std::string encode() const;

 private:
  const BrokerConfig& config_;
  Checkpointer& checkpointer_;
  const Clock& clock_;
  Checkpointer::FileId file_;
  std::atomic<bool> dirty_{false};
  mutable std::mutex mutex_;
  std::map<std::int32_t, std::int64_t> offsets_;
  std::int64_t changes_ = 0;
  protocol::DataVersion version_;
};

}  // namespace rmq::broker
