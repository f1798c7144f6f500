// Where a queue begins and ends: 29 by time, 30 end, 31 beginning, 32 time of the beginning.
// Source: org.apache.rocketmq.broker.processor.AdminBrokerProcessor of 5.5.0.
#pragma once

#include "broker/store/message_store.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

// 30 and 31 may run inline; 29 and 32 touch the disk.
class QueueOffsetProcessor final : public remoting::Handler {
 public:
  explicit QueueOffsetProcessor(const store::MessageStore& store) : store_(store) {}
  void handle(const remoting::Request& request) override;

 private:
  void by_time(const remoting::Request& request);
  void end(const remoting::Request& request);
  void beginning(const remoting::Request& request);
  void time_of_beginning(const remoting::Request& request);

  const store::MessageStore& store_;
};

}  // namespace rmq::broker
