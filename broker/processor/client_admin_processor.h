// Who is connected: 203 consumers, 204 producers of a group, 328 all producers, 345 a subscription.
// Source: org.apache.rocketmq.broker.processor.AdminBrokerProcessor of 5.5.0.
#pragma once

#include "broker/client/clients.h"
#include "common/base/clock.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

class ClientAdminProcessor final : public remoting::Handler {
 public:
  ClientAdminProcessor(Clients& clients, const Clock& clock) : clients_(clients), clock_(clock) {}
  void handle(const remoting::Request& request) override;

 private:
  void consumers(const remoting::Request& request);
  void producers(const remoting::Request& request);
  void all_producers(const remoting::Request& request);
  void subscription(const remoting::Request& request);

  Clients& clients_;
  const Clock& clock_;
};

}  // namespace rmq::broker
