// Replication of the commit log between the brokers of a group: the facade the broker talks to. It owns the HA port,
// the epochs on disk and the role; who has which role is decided by others (docs/replication.md has the rules).
//
// Threads: all calls are thread-safe. Calls that change the role block until the change is complete (old connections
// closed, threads joined, files synced): never from an I/O thread. Callbacks come from replication's own threads,
// without locks held, and must not block nor change the role.
//
//   Replication replication(store, options, clock);
//   RMQ_CHECK_OK(replication.start());
//   replication.become_slave({.epoch = 3, .own_id = 2, .master_id = 1, .master_ha_address = "10.0.0.1:10912"});
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "broker/replication/ha/types.h"
#include "broker/store/message_store.h"
#include "common/base/clock.h"
#include "common/base/result.h"

namespace rmq::replication {

class Replication {
 public:
  // `store` and `clock` must outlive it. `options.epoch_file` and `promise_file` are read by start().
  Replication(store::MessageStore& store, ReplicationOptions options, const Clock& clock);
  ~Replication();  // stops

  // Reads the epochs and opens the HA port; connections are refused until there is a role. kCorrupt: the files are
  // damaged; kUnavailable: the port is taken.
  Status start();
  void stop();  // closes everything within 200 ms, whatever the peers do; the store stays as it is
  std::uint16_t port() const;

  // --- Controller mode. kConflict: the epoch is older than one accepted or promised, or another role has this epoch.
  // The same term again only brings the sync set, the lease or the address up to date.
  Status become_master(const MasterTerm& term);
  Status become_slave(const SlaveTerm& term);

  // --- Classic mode: fixed roles.
  Status become_classic_master();
  Status become_classic_slave(const std::string& master_ha_address);  // again with another address: reconnects

  // --- What the Controller said, to a master. Never blocks for long. Older set epochs are ignored.
  void on_sync_set(const std::set<BrokerId>& set, std::int32_t set_epoch);
  void on_alter_refused(std::uint64_t number);  // the Controller said no; asked again when still needed
  void on_alter_unknown(std::uint64_t number);  // no answer: it may be in force, so it counts
  // The Controller answered a heartbeat that was sent then.
  void on_lease(std::int64_t sent_monotonic_ms, std::int64_t lease_ms);

  // Fence: when this returns, nothing of an epoch below `fence_epoch` is acknowledged by this replica any more, across
  // restarts; connections of older masters are closed, an own older mastership is over. kConflict: has promised or
  // accepted more; its position is not to be counted for this epoch.
  Result<Position> promise(std::int32_t fence_epoch);
  Position position() const;

  // Planned hand-over: refuses sends from now on and waits until every member of the sync set has everything.
  // kTimeout: not within `limit`; sends are accepted again.
  Status drain_for_handover(std::chrono::milliseconds limit);
  void cancel_handover();

  ReplicationStatus status() const;
  std::vector<EpochSpan> epochs() const;
  std::int32_t accepted_epoch() const;  // greatest accepted or promised

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rmq::replication
