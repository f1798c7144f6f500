// Keeps every name server informed of this broker: registers at start, on each change of topics and every
// registerNameServerPeriod; takes itself out at the end.
// Source: org.apache.rocketmq.broker.BrokerController.registerBrokerAll and out.BrokerOuterAPI of release 5.5.0.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "broker/config/broker_config.h"
#include "common/protocol/body/register_broker.h"
#include "common/remoting/client.h"

namespace rmq::broker {

// Thread-safe.
class NameServers {
 public:
  // The topics as they are now; called on this object's thread.
  using Body = std::function<protocol::RegisterBrokerBody()>;

  NameServers(const BrokerConfig& config, remoting::Client& client, std::string broker_address, Body body);
  ~NameServers();  // stops
  NameServers(const NameServers&) = delete;
  NameServers& operator=(const NameServers&) = delete;

  void start();
  // Topics changed: registers soon, many changes at once.
  void register_soon();
  // Registers and waits until all name servers answered or `limit` passed. Never from an I/O thread.
  void register_now(std::chrono::milliseconds limit);
  // Ends the thread; tells the name servers that the broker goes.
  void stop();

  // How many name servers took the last registration; 0 while none did.
  std::size_t registered() const { return registered_.load(); }
  std::vector<std::string> addresses() const;

 private:
  void run();
  bool resolve();
  void register_all();
  protocol::Command registration(const protocol::RegisterBrokerBody& body) const;
  // Sends `request` to all; returns how many answered SUCCESS.
  std::size_t ask_all(const protocol::Command& request, std::chrono::milliseconds limit);

  const BrokerConfig& config_;
  remoting::Client& client_;
  const std::string broker_address_;
  Body body_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> addresses_;
  std::uint64_t wanted_ = 1;  // registrations asked for and done
  std::uint64_t done_ = 0;
  bool stopping_ = false;
  std::atomic<std::size_t> registered_{0};
  std::thread thread_;
};

}  // namespace rmq::broker
