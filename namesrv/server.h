// A whole name server: configuration in, ports out.
#pragma once

#include <cstdint>
#include <memory>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "namesrv/configuration.h"

namespace rmq::namesrv {

class NameServer {
 public:
  // `configuration` and `clock` outlive the server.
  NameServer(Configuration& configuration, const Clock& clock);
  ~NameServer();  // stops
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;

  // Loads the key-value configuration, then listens. On failure nothing listens.
  Status start();
  // Not ready any more, then no connections any more; returns when all is quiet.
  void stop();

  std::uint16_t port() const;
  std::uint16_t admin_port() const;  // 0: off

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rmq::namesrv
