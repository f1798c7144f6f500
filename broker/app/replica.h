// This broker as a replica of its group: replication, journal, membership and roles put together.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>

#include "broker/app/connection_book.h"
#include "broker/app/controller_addresses.h"
#include "broker/app/role_switch.h"
#include "broker/app/slave_sync.h"
#include "broker/app/ticker.h"
#include "broker/journal/state_journal.h"
#include "broker/registration/name_servers.h"
#include "broker/replication/membership/membership.h"
#include "broker/replication/replication.h"
#include "broker/schedule/schedule_service.h"
#include "common/http/admin_server.h"
#include "common/remoting/worker_pool.h"

namespace rmq::broker {

// Everything a change of role touches; all of it outlives the replica.
struct ReplicaParts {
  BrokerConfig& config;
  const Clock& clock;
  store::MessageStore& store;
  StateJournal& journal;
  ScheduleService& schedule;
  NameServers& name_servers;
  remoting::Client& client;
  SlaveSync::Tables tables;
};

class Replica final : public RoleActions, public replication::MembershipListener {
 public:
  explicit Replica(const ReplicaParts& parts);
  ~Replica() override;  // stops
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  // Before the server starts.
  void route(remoting::Server& server);
  void add_checks(http::AdminServer& admin);

  // After the server listens: opens the HA port and takes up a role, or asks the Controller for one.
  Status start();
  // A planned stop of a master: brings everybody up to date, and lets the Controller choose another. Takes at most a
  // few seconds; does nothing without others in the sync set. Sends are refused from here on.
  void hand_over();
  // No more changes of role; the HA port closes. The store stays as it is.
  void stop();

  // A name server knows this master; for slaves of fixed roles. Any thread.
  void on_master_seen(const std::string& address, const std::string& ha_address);

 private:
  // RoleActions
  Status lead(const replication::MasterTerm& term) override { return replication_->become_master(term); }
  Status follow(const replication::SlaveTerm& term) override { return replication_->become_slave(term); }
  void set_sync_set(const std::set<replication::BrokerId>& set, std::int32_t set_epoch) override {
    replication_->on_sync_set(set, set_epoch);
  }
  void start_master_services(std::int32_t epoch, std::function<void()> ready) override;
  void stop_master_services() override;
  void disconnect_clients() override;
  void announce(const Announcement& announcement) override;
  void heartbeat_now() override { membership_->heartbeat_now(); }
  void ask_ha_address(const std::string& master, std::function<void(std::string)> done) override;
  bool connected_to_master() const override { return replication_->status().connected; }
  void on_master(const std::string& address) override { slave_sync_.set_master(address); }

  // MembershipListener
  replication::Progress progress() override;
  void on_view(const replication::GroupView& view, replication::BrokerId own_id, std::int64_t lease_ms) override {
    roles_->on_view(view, own_id, lease_ms);
  }
  void on_lease(std::int64_t sent_ms, std::int64_t lease_ms) override { replication_->on_lease(sent_ms, lease_ms); }
  void on_altered(const std::set<replication::BrokerId>& set, std::int32_t set_epoch) override {
    replication_->on_sync_set(set, set_epoch);
  }
  void on_alter_refused(std::uint64_t number) override { replication_->on_alter_refused(number); }
  void on_alter_unknown(std::uint64_t number) override { replication_->on_alter_unknown(number); }

  Status start_fixed_role();
  Status ready() const;

  ReplicaParts parts_;
  std::unique_ptr<replication::Replication> replication_;
  ControllerAddresses controllers_;
  std::unique_ptr<replication::Membership> membership_;
  std::unique_ptr<RoleSwitch> roles_;
  SlaveSync slave_sync_;
  std::shared_ptr<ConnectionBook> connections_;
  Ticker watch_;                         // keeps config.follows_master up to date
  remoting::WorkerPool fixed_follower_;  // fixed roles: becoming a slave of an address blocks
  std::atomic<bool> stopping_{false};
};

}  // namespace rmq::broker
