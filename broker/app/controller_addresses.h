// Where the controllers are: `controllerAddr` may hold names that stand for several, and looking them up may block, so
// it is done beside those who ask.
#pragma once

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "broker/app/ticker.h"
#include "common/base/host_resolver.h"

namespace rmq::broker {

// Thread-safe.
class ControllerAddresses {
 public:
  ControllerAddresses(std::string list, std::chrono::milliseconds period);
  void start() { ticker_.start(); }
  void stop() { ticker_.stop(); }
  // As last looked up; before the first answer, the names as they were given.
  std::vector<std::string> now() const;

 private:
  void look_up();

  HostResolver resolver_;
  const std::string list_;
  mutable std::mutex mutex_;
  std::vector<std::string> addresses_;
  Ticker ticker_;
};

}  // namespace rmq::broker
