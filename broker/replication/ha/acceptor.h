// Listens on the HA port and hands out what connects.
#pragma once

#include <atomic>

#include <cstdint>
#include <functional>
#include <string>
#include <thread>

#include "broker/replication/ha/socket.h"

namespace rmq::replication {

class Acceptor {
 public:
  ~Acceptor();  // stops

  // `on_connection` is called on the acceptor's thread. kUnavailable: the port is taken.
  Status start(const std::string& host, std::uint16_t port, std::function<void(Socket)> on_connection);
  void stop();
  std::uint16_t port() const { return port_; }

 private:
  void run();

  std::function<void(Socket)> on_connection_;
  UniqueFd listener_;
  std::uint16_t port_ = 0;
  Waker waker_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace rmq::replication
