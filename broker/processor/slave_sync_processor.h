// What the original's slaves ask for besides topics, groups and offsets, and which is empty here: 60 and 61 (timers),
// 402 (modes of consumption). Without an answer they would complain every few seconds.
// Source: org.apache.rocketmq.broker.slave.SlaveSynchronize and store.timer.TimerCheckpoint of release 5.5.0.
#pragma once

#include <string>

#include "broker/store/message_store.h"
#include "common/base/clock.h"
#include "common/protocol/body/data_version.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

struct TimerCheckpoint {
  std::int64_t last_read_time_ms = 0;  // all timers before were fired
  std::int64_t last_timer_log_flush_pos = 0;
  std::int64_t last_timer_queue_offset = 0;
  std::int64_t master_timer_queue_offset = 0;
  protocol::DataVersion data_version;
};
// 56 bytes, big-endian, in the order of the fields.
std::string encode_timer_checkpoint(const TimerCheckpoint& checkpoint);

class SlaveSyncProcessor final : public remoting::Handler {
 public:
  static constexpr std::int32_t kGetTimerCheckpoint = 60, kGetTimerMetrics = 61, kGetAllMessageRequestMode = 402;

  SlaveSyncProcessor(const store::MessageStore& store, const Clock& clock) : store_(store), clock_(clock) {}
  void handle(const remoting::Request& request) override;

 private:
  // No timers are kept: all there could have been are read, and the next one would be the queue's next message.
  TimerCheckpoint checkpoint() const;

  const store::MessageStore& store_;
  const Clock& clock_;
};

}  // namespace rmq::broker
