// Single messages: 12 by key, 33 by place in the log. Source:
// org.apache.rocketmq.broker.processor.QueryMessageProcessor.
#pragma once

#include "broker/config/broker_config.h"
#include "broker/store/message_store.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

// On a worker: reads the index and the log.
class QueryProcessor final : public remoting::Handler {
 public:
  QueryProcessor(const BrokerConfig& config, const store::MessageStore& store) : config_(config), store_(store) {}
  void handle(const remoting::Request& request) override;

 private:
  void by_key(const remoting::Request& request);
  void by_place(const remoting::Request& request);

  const BrokerConfig& config_;
  const store::MessageStore& store_;
};

}  // namespace rmq::broker
