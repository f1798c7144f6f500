// The broker put together: what is made of what, what starts and stops when.
#pragma once

#include <cstdint>
#include <memory>

#include "broker/config/broker_config.h"
#include "common/base/clock.h"
#include "common/base/result.h"

namespace rmq::broker {

class BrokerServer {
 public:
  // `config` is complete()d and outlives the server.
  BrokerServer(BrokerConfig& config, const Clock& clock);
  ~BrokerServer();  // stops
  BrokerServer(const BrokerServer&) = delete;
  BrokerServer& operator=(const BrokerServer&) = delete;

  // Recovers the store, listens, registers with the name servers. What was started before an error is stopped again.
  Status start();
  // In order: no new connections, name servers told, waiting pulls answered, what was accepted stored and answered,
  // state files written, store closed.
  Status stop();

  std::uint16_t port() const;
  std::uint16_t admin_port() const;

 private:
  struct Parts;
  BrokerConfig& config_;
  const Clock& clock_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace rmq::broker
