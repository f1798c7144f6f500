// Delay levels: messages wait in SCHEDULE_TOPIC_XXXX, one queue a level, and go to their real topic when they are due.
//
// Within a level messages become due in the order in which they were stored, so only the head of each queue is
// watched: one thread sleeps until the earliest head is due or a message arrives at an empty level.
// Delivery is at least once: the level's offset moves after its messages are stored.
// Source: org.apache.rocketmq.broker.schedule.ScheduleMessageService of release 5.5.0.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>

#include "broker/offset/delay_offsets.h"
#include "broker/send/message_placer.h"
#include "broker/store/message_store.h"
#include "common/base/clock.h"

namespace rmq::broker {

class ScheduleService final : public store::AppendListener {
 public:
  ScheduleService(store::MessageStore& store, DelayOffsets& offsets, const Clock& clock);
  ~ScheduleService() override;  // stops
  ScheduleService(const ScheduleService&) = delete;
  ScheduleService& operator=(const ScheduleService&) = delete;

  // A master's business only: may be stopped and started again as the role changes, from one thread.
  void start();
  void stop();
  // A message arrived in one of the schedule topic's queues. Thread-safe, quick.
  void on_arrival();

  void on_appended(std::unique_ptr<store::AppendBatch> batch) noexcept override;

 private:
  void run();
  // Delivers what is due of one level. Returns when to look again, by Clock::wall_ms().
  std::int64_t deliver_due(std::int32_t level, std::int64_t now);
  // Appends and waits. False: nothing was stored, try later.
  bool append_and_wait(std::unique_ptr<store::AppendBatch> batch);
  Status add_delivery(store::AppendBatch& batch, std::int64_t physical_offset) const;

  store::MessageStore& store_;
  DelayOffsets& offsets_;
  const Clock& clock_;
  const MessagePlacer placer_;

  std::mutex mutex_;
  std::condition_variable changed_;
  bool poked_ = false;
  bool stopping_ = false;
  bool appended_ = false;
  store::AppendStatus append_status_ = store::AppendStatus::kOk;
  std::thread thread_;
};

}  // namespace rmq::broker
