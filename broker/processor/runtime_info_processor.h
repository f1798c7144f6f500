// The broker's state in keys and texts: 28. Source: org.apache.rocketmq.broker.processor.AdminBrokerProcessor of 5.5.0.
#pragma once

#include <map>
#include <string>

#include "broker/config/broker_config.h"
#include "broker/offset/delay_offsets.h"
#include "broker/processor/runtime_rates.h"
#include "broker/store/message_store.h"
#include "common/base/clock.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

// On a worker: asks the file system. Names that describe the original's thread pools are there, as tools read them, and
// say 0: there are no such queues here.
class RuntimeInfoProcessor final : public remoting::Handler {
 public:
  RuntimeInfoProcessor(const BrokerConfig& config, const store::MessageStore& store, const DelayOffsets& delay_offsets,
                       const Clock& clock);
  void handle(const remoting::Request& request) override;

  // Each second, so that there are rates to tell.
  void sample();

  std::map<std::string, std::string, std::less<>> info() const;

 private:
  const BrokerConfig& config_;
  const store::MessageStore& store_;
  const DelayOffsets& delay_offsets_;
  const Clock& clock_;
  const std::int64_t boot_ms_;
  RuntimeRates rates_;
};

}  // namespace rmq::broker
