// Clients come, stay and go: 34 (both forms), 35, 46.
// Source: org.apache.rocketmq.broker.processor.ClientManageProcessor of 5.5.0.
#pragma once

#include "broker/client/clients.h"
#include "broker/config/broker_config.h"
#include "broker/group/group_manager.h"
#include "broker/topic/topic_manager.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

// On a worker: the first heartbeat of a group makes the group and its retry topic.
class HeartbeatProcessor final : public remoting::Handler {
 public:
  HeartbeatProcessor(const BrokerConfig& config, TopicManager& topics, GroupManager& groups, Clients& clients)
      : config_(config), topics_(topics), groups_(groups), clients_(clients) {}

  void handle(const remoting::Request& request) override;

 private:
  void heartbeat(const remoting::Request& request);
  void unregister(const remoting::Request& request);
  void check_client(const remoting::Request& request);
  // False if the group may not be; otherwise it and its retry topic are there.
  bool prepare_group(const protocol::ConsumerData& data, bool& notify);

  const BrokerConfig& config_;
  TopicManager& topics_;
  GroupManager& groups_;
  Clients& clients_;
};

}  // namespace rmq::broker
