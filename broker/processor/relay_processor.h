// Questions of administration that only a consumer can answer: 307 its state, 309 consume this message now.
// Source: org.apache.rocketmq.broker.processor.AdminBrokerProcessor of 5.5.0.
#pragma once

#include "broker/client/clients.h"
#include "broker/config/broker_config.h"
#include "broker/store/message_store.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

// On a worker: 309 reads a message. The answer comes when the client's does.
class RelayProcessor final : public remoting::Handler {
 public:
  RelayProcessor(const BrokerConfig& config, const Clients& clients, const store::MessageStore& store)
      : config_(config), clients_(clients), store_(store) {}
  void handle(const remoting::Request& request) override;

 private:
  void running_info(const remoting::Request& request);
  void consume_directly(const remoting::Request& request);
  void relay(const remoting::Request& request, protocol::Command question, std::string_view group,
             std::string_view client_id);

  const BrokerConfig& config_;
  const Clients& clients_;
  const store::MessageStore& store_;
};

}  // namespace rmq::broker
