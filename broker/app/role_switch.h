// Carries out what the Controller decides: this broker becomes master or slave, one change at a time, on one thread.
// The newest decision wins; what was overtaken while a change went on is never carried out.
//
// To master: the log is ours (and sends are refused until the state of the masters before is known), state and services
// of a master start, name servers are told, then sends are taken. To slave: sends are refused, the log follows the new
// master, a master's services stop, clients are let go so that they look for the master, name servers are told.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "broker/config/broker_config.h"
#include "broker/registration/name_servers.h"
#include "broker/replication/membership/machine.h"
#include "broker/replication/replication.h"
#include "common/base/clock.h"

namespace rmq::broker {

// What a change of role does. Called on the switch's thread, one at a time; may block.
class RoleActions {
 public:
  virtual ~RoleActions() = default;
  virtual Status lead(const replication::MasterTerm& term) = 0;
  virtual Status follow(const replication::SlaveTerm& term) = 0;
  virtual void set_sync_set(const std::set<replication::BrokerId>& set, std::int32_t set_epoch) = 0;
  // `ready`, on any thread: everything the masters before wrote is known.
  virtual void start_master_services(std::int32_t epoch, std::function<void()> ready) = 0;
  virtual void stop_master_services() = 0;
  virtual void disconnect_clients() = 0;
  virtual void announce(const Announcement& announcement) = 0;
  // The new master has no lease before a heartbeat of its mastership was answered.
  virtual void heartbeat_now() = 0;
  // Asks a master where its log can be had; `done` with an empty address: not known. On any thread, later.
  virtual void ask_ha_address(const std::string& master, std::function<void(std::string)> done) = 0;
  virtual bool connected_to_master() const = 0;
  virtual void on_master(const std::string& address) = 0;  // of the group, empty: that's us
};

// Thread-safe.
class RoleSwitch {
 public:
  // All outlive it. `config.role` and `config.broker_id` are set here.
  RoleSwitch(BrokerConfig& config, RoleActions& actions, const Clock& clock);
  ~RoleSwitch();  // stops
  RoleSwitch(const RoleSwitch&) = delete;
  RoleSwitch& operator=(const RoleSwitch&) = delete;

  void start();
  void stop();  // the role stays as it is

  // What the Controller says; `lease_ms`: the length of its leases, 0 if it knows none.
  void on_view(const replication::GroupView& view, replication::BrokerId own_id, std::int64_t lease_ms);
  // Replication promised not to acknowledge epochs below: a mastership of one of them is over.
  void on_fenced(std::int32_t epoch);
  // Waits until this broker is no longer master. False: not within `limit`.
  bool await_handover(std::chrono::milliseconds limit);

 private:
  struct Decision {
    replication::GroupView view;
    replication::BrokerId own_id = 0;
    std::int64_t lease_ms = 0;
  };

  void run();
  void carry_out(const Decision& decision);
  void become_master(const Decision& decision);
  void become_slave(const Decision& decision);
  void follow();
  void lose_mastership();
  void retry_later(const Error& error);
  void on_ready(std::int32_t epoch);
  void look_for_master();
  void set_role(Role role, std::int64_t broker_id);
  bool in_force(const Decision& decision) const;

  BrokerConfig& config_;
  RoleActions& actions_;
  const Clock& clock_;

  // The thread's own.
  std::optional<Decision> current_;  // in force, or failed and tried again
  bool retry_ = false;
  std::int64_t retry_at_ms_ = 0;
  bool services_ = false;
  std::string ha_address_;  // of the present master; empty: not known
  bool asking_ = false;
  std::int64_t ask_at_ms_ = 0;
  bool clients_came_ = false;  // to a master; as a slave they are let go once

  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Decision> wanted_;
  std::optional<std::int32_t> fenced_;
  std::optional<std::int32_t> ready_;
  struct HaAddress {
    std::string master;
    std::string address;
  };
  std::optional<HaAddress> told_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace rmq::broker
