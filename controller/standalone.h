// A whole stand-alone Controller: configuration in, ports out.
#pragma once

#include <cstdint>
#include <memory>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "controller/configuration.h"

namespace rmq::controller {

class Standalone {
 public:
  // `configuration` and `clock` outlive it.
  Standalone(Configuration& configuration, const Clock& clock);
  ~Standalone();  // stops
  Standalone(const Standalone&) = delete;
  Standalone& operator=(const Standalone&) = delete;

  // Listens, then stands for election; etcd need not be reachable yet. On failure nothing listens.
  Status start();
  // Hands leadership over, then closes; returns when all is quiet.
  void stop();

  std::uint16_t port() const;
  std::uint16_t admin_port() const;  // 0: off

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rmq::controller
