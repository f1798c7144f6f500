// Tells those who wait for messages that some arrived.
#pragma once

#include "broker/journal/state_journal.h"
#include "broker/pull/pull_hold.h"
#include "broker/schedule/schedule_service.h"
#include "broker/store/dispatcher.h"
#include "broker/topic/names.h"

namespace rmq::broker {

class ArrivalFanOut final : public store::ArrivalListener {
 public:
  ArrivalFanOut(PullHold& hold, ScheduleService& schedule, StateJournal& journal)
      : hold_(hold), schedule_(schedule), journal_(journal) {}

  bool in_a_hurry() const noexcept override { return hold_.held() > 0 || journal_.in_a_hurry(); }

  void on_arrivals(std::span<const store::Arrival> arrivals) noexcept override {
    const bool held = hold_.held() > 0;
    bool delayed = false;
    for (const auto& arrival : arrivals) {
      if (held) hold_.on_arrival(*arrival.queue, arrival.queue_offset, arrival.tags_code);
      delayed = delayed || arrival.queue->topic() == kScheduleTopic;
    }
    if (delayed) schedule_.on_arrival();
    journal_.on_arrivals(arrivals);
  }

 private:
  PullHold& hold_;
  ScheduleService& schedule_;
  StateJournal& journal_;
};

}  // namespace rmq::broker
