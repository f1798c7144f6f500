// Administration of consumer groups: 200, 201, 207, 225, 352, 353.
// Source: org.apache.rocketmq.broker.processor.AdminBrokerProcessor of 5.5.0.
#pragma once

#include <vector>

#include "broker/config/broker_config.h"
#include "broker/group/group_manager.h"
#include "broker/offset/consumer_offsets.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

// On a worker: writes subscriptionGroup.json.
class GroupAdminProcessor final : public remoting::Handler {
 public:
  static constexpr std::int32_t kUpdateAndGetGroupForbidden = 353;

  GroupAdminProcessor(const BrokerConfig& config, GroupManager& groups, ConsumerOffsets& offsets)
      : config_(config), groups_(groups), offsets_(offsets) {}
  void handle(const remoting::Request& request) override;

 private:
  void update(const remoting::Request& request, std::vector<protocol::SubscriptionGroupConfig> groups);
  void remove(const remoting::Request& request);
  void list_all(const remoting::Request& request);
  void get(const remoting::Request& request);
  void update_forbidden(const remoting::Request& request);

  const BrokerConfig& config_;
  GroupManager& groups_;
  ConsumerOffsets& offsets_;
};

}  // namespace rmq::broker
