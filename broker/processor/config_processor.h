// The broker's configuration: 25 change, 26 show. Source: org.apache.rocketmq.broker.processor.AdminBrokerProcessor
// of 5.5.0.
#pragma once

#include <functional>

#include "broker/config/live_config.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

// On a worker: writes a file.
class ConfigProcessor final : public remoting::Handler {
 public:
  // `on_permission` runs after brokerPermission changed: name servers are to hear of it at once.
  ConfigProcessor(LiveConfig& config, std::function<void()> on_permission)
      : config_(config), on_permission_(std::move(on_permission)) {}
  void handle(const remoting::Request& request) override;

 private:
  void update(const remoting::Request& request);
  void show(const remoting::Request& request);

  LiveConfig& config_;
  const std::function<void()> on_permission_;
};

}  // namespace rmq::broker
