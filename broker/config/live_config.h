// Changes of the configuration while the broker runs (UPDATE_BROKER_CONFIG), remembered across restarts.
//
// broker.conf itself is never written: in Kubernetes it is mounted read-only, and no request may write files of its own
// choosing (CVE-2023-33246). Changes stand in config/brokerOverrides.properties beside the value they replaced; once
// broker.conf says something else for a key, the override has lost and is dropped.
#pragma once

#include <mutex>
#include <string>

#include "broker/config/broker_config.h"
#include "common/base/clock.h"
#include "common/protocol/body/data_version.h"

namespace rmq::broker {

// Thread-safe.
class LiveConfig {
 public:
  LiveConfig(BrokerConfig& config, const Clock& clock);

  // Applies what was changed in earlier runs. At start, after config.complete().
  Status load();

  // All or none, on the disk before it has effect. kDenied and kInvalid as BrokerConfig::update(). Blocks on the disk.
  Status update(const Properties& changes);

  Properties shown() const { return config_.shown(); }
  protocol::DataVersion version() const;

 private:
  struct Override {
    std::string value;
    std::string replaced;  // what broker.conf said
  };

  BrokerConfig& config_;
  const Clock& clock_;
  const std::string path_;
  mutable std::mutex mutex_;
  std::map<std::string, Override, std::less<>> overrides_;
  protocol::DataVersion version_;
};

}  // namespace rmq::broker
