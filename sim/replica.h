// One broker of the group: a machine with a disk, and the process on it, which runs the real SlaveRules and MasterRules
// and does what docs/replication.md says of the rest (registration, heartbeats, positions, connections).
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "broker/replication/rules/master_rules.h"
#include "broker/replication/rules/slave_rules.h"
#include "sim/controller_host.h"
#include "sim/log_model.h"
#include "sim/network.h"

namespace rmq::sim {

using replication::ReplicaId;
using replication::ReplicaSet;

// What the Controller says about the group.
struct GroupView {
  ReplicaId master = 0;  // 0: none
  std::string master_address;
  std::int32_t epoch = 0;
  ReplicaSet set;
  std::int32_t set_epoch = 0;
};

class Replica {
 public:
  Replica(World& world, Place place);

  // ---- The machine
  void start();
  void kill(bool power);  // power: the machine goes, with the page cache
  void lose_disk();       // of a machine that is down
  void freeze(Time time);
  void thaw() { frozen_until_ = 0; }

  // ---- What reaches the process
  Network::Endpoint endpoint();
  void asked_position(ReplicaId id, std::optional<std::int32_t> fence, std::function<void(election::Position)> reply);
  void notified(ReplicaId id, const GroupView& view);
  bool refuses_connections() const { return !up_ && machine_up_; }
  void client_send();
  void client_query();
  void junk();    // on the replication port
  void resign();  // asked to hand over

  // ---- For the checker
  bool up() const { return up_; }
  ReplicaId id() const { return disk_.id; }
  Place place() const { return place_; }
  const LogModel& log() const { return disk_.log; }
  bool is_master() const { return up_ && rules_.has_value(); }
  std::int32_t epoch() const { return rules_ ? rules_->config().epoch : 0; }
  bool lease_lasts() const { return is_master() && rules_->may_acknowledge(local_now()); }
  std::string name() const { return "r" + std::to_string(place_); }

 private:
  enum class Role { kNone, kMaster, kSlave };
  // What survives the process; all but the log's tail survives the machine.
  struct Disk {
    ReplicaId id = 0;
    LogModel log;
    replication::EpochList epochs;
    replication::FollowState follow;
  };
  struct Slave {  // a connection, at the master
    ReplicaId id = 0;
    std::int64_t sent = -1;  // records; -1: before its first report
    std::int64_t acked = 0;
    std::int64_t told_confirm = -1;
    Time heard = 0;
  };
  struct Send {
    std::int64_t record = 0;
    std::int64_t index = 0;
  };

  Time local_now() const;
  void here(std::uint64_t incarnation, const std::function<void()>& task);
  void later(Time local, std::function<void()> task);
  std::int64_t end_bytes() const;
  std::int64_t to_index(std::int64_t bytes) const;
  void tick();
  void apply_log();
  void persist() { disk_.follow = slave_rules_->durable(), slave_rules_->persisted(disk_.follow); }

  // replica_membership.cc
  void join();
  void send_heartbeat();
  void poll();
  void see(const GroupView& view, bool of_registration);
  GroupView view_of(const election::Answer& answer) const;
  void request(election::Request request, std::function<void(const election::Answer&)> reply, bool may_double = false);
  void send_proposal(const replication::Proposal& proposal);

  // replica_master.cc
  void become_master(const GroupView& view);
  void step_down(const char* why);
  void pump();
  void settle_sends();
  void send_data(Network::ConnectionId connection, Slave& slave);
  void on_slave_message(Network::ConnectionId connection, const HaMessage& message);
  void drop_slave(Network::ConnectionId connection);

  // replica_slave.cc
  void become_slave(const GroupView& view);
  void connect_to_master();
  void leave_master();
  void on_master_message(const HaMessage& message);
  void on_master_hello(const HaMessage& message);
  void on_batch(const HaMessage& message);
  void acknowledge();
  void see_confirm(std::int64_t confirm_bytes);

  void on_message(Network::ConnectionId connection, const HaMessage& message);
  void on_closed(Network::ConnectionId connection);

  World& world_;
  Place place_;
  LocalClock clock_;
  Disk disk_;
  int boot_ = 1;
  bool machine_up_ = true;

  // The process.
  bool up_ = false;
  std::uint64_t incarnation_ = 0;
  Time frozen_until_ = 0;
  std::uint64_t ticks_ = 0;
  bool registered_ = false;
  Time joining_until_ = 0;
  std::uint64_t joins_ = 0;
  GroupView view_;
  std::int32_t registered_epoch_ = 0;  // the group's epoch when this process registered
  Role role_ = Role::kNone;
  std::optional<replication::SlaveRules> slave_rules_;
  std::int64_t confirm_ = 0;  // records
  std::int64_t applied_ = 0;  // records in the consume queue, and of the state
  std::int64_t offset_ = 0;   // the state: the committed consumer offset
  bool applying_ = false;

  // As master.
  std::optional<replication::MasterRules> rules_;
  std::map<Network::ConnectionId, Slave> slaves_;
  std::deque<Send> sends_;
  std::int64_t next_queue_ = -1;

  // As slave.
  Network::ConnectionId upstream_ = 0;
  std::int32_t session_epoch_ = -1;  // -1: no handshake yet
  replication::EpochList master_epochs_;
  Time heard_ = 0;
};

}  // namespace rmq::sim
