// How replication stands, and what Controllers and replicas tell and ask of it: 906, 907, 908, 1007, 1008.
// Source: org.apache.rocketmq.broker.processor.AdminBrokerProcessor of 5.5.0; 1007's fence: docs/replication.md.
#pragma once

#include <functional>

#include "broker/config/broker_config.h"
#include "broker/replication/membership/machine.h"
#include "broker/replication/replication.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

// On a worker: a fence waits for the disk.
class ReplicationProcessor final : public remoting::Handler {
 public:
  static constexpr std::int32_t kExchangeHaInfo = 906, kGetHaStatus = 907, kResetMasterFlushOffset = 908;

  // Must not block.
  struct Hooks {
    std::function<void(const replication::GroupView&)> notified;  // 1008
    std::function<void(std::int32_t epoch)> fenced;               // nothing of an epoch below is acknowledged any more
  };
  ReplicationProcessor(const BrokerConfig& config, replication::Replication& replication, Hooks hooks)
      : config_(config), replication_(replication), hooks_(std::move(hooks)) {}
  void handle(const remoting::Request& request) override;

 private:
  void exchange_ha_info(const remoting::Request& request);
  void ha_status(const remoting::Request& request);
  void epoch_cache(const remoting::Request& request);
  void role_changed(const remoting::Request& request);

  const BrokerConfig& config_;
  replication::Replication& replication_;
  const Hooks hooks_;
};

}  // namespace rmq::broker
