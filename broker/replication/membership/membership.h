// This broker's place in its group, kept with the Controller: a thread that does the machine's steps, sends heartbeats,
// carries proposals of sync sets and takes notifications. A Controller that can't be reached changes nothing here: the
// role stays, and the lease decides what may still be acknowledged.
//
//   Membership membership(options, client, clock, listener);
//   RMQ_CHECK_OK(membership.start());
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "broker/replication/membership/calls.h"
#include "broker/replication/membership/machine.h"
#include "common/base/clock.h"
#include "common/remoting/client.h"

namespace rmq::replication {

struct MembershipOptions {
  BrokerFacts facts;
  std::string identity_path;  // storePathBrokerIdentity
  std::int64_t heartbeat_ms = 500;
  std::int64_t poll_ms = 5'000;
  std::int64_t find_leader_ms = 10'000;
  std::int64_t fallback_lease_ms = 0;  // from a Controller that names none; 0: no lease then
  // Addresses of all controllers, as they are known now. Must not block.
  std::function<std::vector<std::string>()> controllers;
};

// What membership tells; on its own thread or an I/O thread, without locks held: must not block.
class MembershipListener {
 public:
  virtual ~MembershipListener() = default;
  virtual Progress progress() = 0;
  // The Controller names a (new) master, address or sync set, never an older one. `lease_ms`: what its leases last; 0:
  // it knows none.
  virtual void on_view(const GroupView& view, BrokerId own_id, std::int64_t lease_ms) = 0;
  // A heartbeat sent then was answered with this lease.
  virtual void on_lease(std::int64_t sent_ms, std::int64_t lease_ms) = 0;
  virtual void on_altered(const std::set<BrokerId>& set, std::int32_t set_epoch) = 0;
  virtual void on_alter_refused(std::uint64_t number) = 0;
  virtual void on_alter_unknown(std::uint64_t number) = 0;
};

struct MembershipStatus {
  std::optional<BrokerId> own_id;
  bool registered = false;
  std::string leader;                // empty: not known
  std::int64_t last_answer_ms = -1;  // monotonic; when the leader last answered a heartbeat; -1: never
};

// Thread-safe.
class Membership {
 public:
  // `client`, `clock` and `listener` outlive it.
  Membership(MembershipOptions options, remoting::Client& client, const Clock& clock, MembershipListener& listener);
  ~Membership();  // stops
  Membership(const Membership&) = delete;
  Membership& operator=(const Membership&) = delete;

  // kCorrupt, kIo: the identity files can't be used; kInvalid: they belong to another cluster or group.
  Status start();
  void stop();

  void notify(const GroupView& view);  // 1008
  void propose(const Proposal& proposal, std::int32_t master_epoch);
  // At once instead of when it is due: the Controller may be waiting for it, or a lease for its answer.
  void heartbeat_now();
  // Gives the mastership of `epoch` up (1002 with resign): the Controller's answer, or an error after `limit`. Blocks.
  Status resign(std::int32_t epoch, std::chrono::milliseconds limit);

  MembershipStatus status() const;

 private:
  struct Inbox;

  void run();
  void send_heartbeats(std::int64_t now_ms);
  void do_step(Step step);
  void find_leader();
  void post(std::function<void()> event);
  std::string leader() const;

  const MembershipOptions options_;
  remoting::Client& client_;
  const Clock& clock_;
  MembershipListener& listener_;
  const IdentityFiles files_;
  std::shared_ptr<Inbox> inbox_;  // outlives calls that are under way

  // The thread's own.
  std::unique_ptr<Machine> machine_;
  std::int64_t next_heartbeat_ms_ = 0;
  std::int64_t lease_ms_ = 0;  // what the Controller said leases last
  std::uint64_t told_version_ = 0;

  mutable std::mutex status_mutex_;
  MembershipStatus status_;
  std::thread thread_;
};

}  // namespace rmq::replication
