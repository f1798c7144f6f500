// Everything the broker knows of its clients: consumers, producers, queue locks, and what happens when one goes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "broker/client/consumer_manager.h"
#include "broker/client/producer_manager.h"
#include "broker/client/queue_locks.h"
#include "broker/config/broker_config.h"

namespace rmq::broker {

// Thread-safe. A client leaves its groups when its connection closes, when it says so, or when no heartbeat came for
// channelExpiredTimeout.
class Clients {
 public:
  Clients(const BrokerConfig& config, const Clock& clock);
  ~Clients();
  Clients(const Clients&) = delete;
  Clients& operator=(const Clients&) = delete;

  const ConsumerManager& consumers() const;
  ConsumerManager& consumers();
  ProducerManager& producers();
  QueueLocks& locks();

  // As ConsumerManager's and ProducerManager's, and the connection's end is watched.
  bool register_consumer(const protocol::ConsumerData& data, const ClientIdentity& client, bool notify,
                         bool with_subscriptions = true);
  void register_producer(std::string_view group, const ClientIdentity& client);
  void unregister_consumer(std::string_view group, const remoting::ConnectionPtr& connection, bool notify);
  void unregister_producer(std::string_view group, const remoting::ConnectionPtr& connection);

  // Expires who is silent, sends notifications that were held back (realTimeNotifyConsumerChange off). Every 10 s.
  void housekeeping();

 private:
  struct Core;
  std::shared_ptr<Core> core_;  // shared with the connections' close callbacks, which may outlive this
};

}  // namespace rmq::broker
