// Keeps every name server informed of this broker: registers when it has a role, on each change of role or topics and
// every registerNameServerPeriod; takes itself out at the end.
// Source: org.apache.rocketmq.broker.BrokerController.registerBrokerAll and out.BrokerOuterAPI of release 5.5.0.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "broker/config/broker_config.h"
#include "common/base/host_resolver.h"
#include "common/protocol/body/register_broker.h"
#include "common/remoting/client.h"

namespace rmq::broker {

// How the broker stands at the name servers.
struct Announcement {
  std::int64_t broker_id = 0;  // 0: the master
  std::string address;
  std::string ha_address;
  // Of the topics' data version: name servers let a greater one take the place of the same (name, id) at another
  // address. The master's epoch, as in the original.
  std::int64_t state_version = 0;
  // The address follows the master (masterAddress): whoever is master next registers it, so nobody takes it out.
  bool shared_address = false;
  bool operator==(const Announcement&) const = default;
};

// Thread-safe.
class NameServers {
 public:
  // The topics as they are now; called on this object's thread.
  using Body = std::function<protocol::RegisterBrokerBody()>;
  // Whom a name server gave as the group's master in its answer to a slave; on an I/O thread.
  using MasterSeen = std::function<void(const std::string& address, const std::string& ha_address)>;

  NameServers(const BrokerConfig& config, remoting::Client& client, Body body, MasterSeen master_seen = {});
  ~NameServers();  // stops
  NameServers(const NameServers&) = delete;
  NameServers& operator=(const NameServers&) = delete;

  void start();
  // The broker's role as the name servers shall see it; registers at once. Before the first call nothing is registered.
  // What it stood for before is taken out where it does not vanish by itself.
  void announce(const Announcement& announcement);
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
  protocol::Command registration(const Announcement& now, protocol::RegisterBrokerBody body) const;
  void unregister(const Announcement& stale, std::chrono::milliseconds limit);
  // Sends `request` to all; returns how many answered SUCCESS.
  std::size_t ask_all(const protocol::Command& request, std::chrono::milliseconds limit);

  const BrokerConfig& config_;
  remoting::Client& client_;
  HostResolver resolver_;
  const Body body_;
  const MasterSeen master_seen_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> addresses_;
  std::optional<Announcement> announced_;
  std::vector<Announcement> stale_;  // to be taken out once the present one is registered; one a change of role
  std::uint64_t wanted_ = 1;         // registrations asked for and done
  std::uint64_t done_ = 0;
  bool stopping_ = false;
  std::atomic<std::size_t> registered_{0};
  std::thread thread_;
};

}  // namespace rmq::broker
