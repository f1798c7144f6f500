// Queue locks of orderly consumers: 41, 42. Source: org.apache.rocketmq.broker.processor.AdminBrokerProcessor of 5.5.0.
#pragma once

#include "broker/client/queue_locks.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

// Inline: never blocks.
class LockProcessor final : public remoting::Handler {
 public:
  explicit LockProcessor(QueueLocks& locks) : locks_(locks) {}
  void handle(const remoting::Request& request) override;

 private:
  QueueLocks& locks_;
};

}  // namespace rmq::broker
