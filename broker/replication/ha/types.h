// What replication is told and what it tells: options, terms, status. Offsets are bytes of the commit log, times
// milliseconds.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "broker/replication/rules/master_rules.h"
#include "common/base/result.h"

namespace rmq::replication {

using BrokerId = ReplicaId;
using AckMode = Mode;

enum class HaProtocol : std::uint8_t { kClassic, kAutoSwitch };  // the latter with a Controller
enum class Role : std::uint8_t { kNone, kMaster, kSlave };

// One line of the epoch file and of 1007's answer.
struct EpochSpan {
  std::int32_t epoch = 0;
  std::int64_t start = 0;
  std::int64_t end = INT64_MAX;  // of the last epoch: INT64_MAX
  bool operator==(const EpochSpan&) const = default;
};

// How far a replica's log goes: what elections compare.
struct Position {
  std::int32_t epoch = 0;  // of the last entry; 0: none
  std::int64_t end = 0;
  auto operator<=>(const Position&) const = default;
};

struct ReplicationOptions {
  HaProtocol protocol = HaProtocol::kClassic;
  AckMode mode = AckMode::kAsync;
  std::string listen_host = "0.0.0.0";
  std::uint16_t listen_port = 0;  // haListenPort, resolved by the caller; 0: any free one
  std::string epoch_file;         // storePathEpochFile; Java's format
  std::string promise_file;       // ours, beside it

  std::int32_t quorum_replicas = 3;          // N of the quorum mode
  std::int32_t min_in_sync = 1;              // minInSyncReplicas; the master counts
  bool unclean_election = false;             // then a lone master may not renew its own lease
  bool learner = false;                      // asyncLearner: never counts
  bool sync_from_last_file = false;          // syncFromLastFile: of an empty slave
  std::int64_t heartbeat_ms = 5'000;         // haSendHeartbeatInterval
  std::int64_t idle_ms = 20'000;             // haHousekeepingInterval: a silent peer is dropped
  std::int64_t not_caught_up_ms = 15'000;    // haMaxTimeSlaveNotCatchup
  std::int64_t max_gap_bytes = 256LL << 20;  // haMaxGapNotInSync: classic protocol only
  std::size_t batch_bytes = 256 * 1024;      // of one batch; the original's slave takes up to 4 MB
  int in_sync_replicas = 1;                  // inSyncReplicas, the master included; classic: at least one slave
  std::size_t max_slaves = 64;               // connections at once; more are closed at once
  std::string shared_secret;                 // haSharedSecret; empty: off

  // Asks the Controller (1001) for a sync set; the outcome must come back by on_sync_set(), on_alter_refused() or
  // on_alter_unknown(): until then there is no other proposal.
  std::function<void(const Proposal& proposal)> propose_sync_set;
  // Whether the Controller knows that replica; unset: every id is let in (and counts once it is in the sync set).
  std::function<bool(BrokerId)> is_registered;
  // Around every cut of the log (broker/journal): before it, with where the log will end, while nothing is dispatched
  // (an error leaves the log as it is); and after it.
  std::function<Status(std::uint64_t log_end)> before_cut;
  std::function<void()> after_cut;
  // Slave sync: the role's log connection came up or went (slave), peers came or went (master).
  std::function<void()> on_connections_changed;
};

struct MasterTerm {
  std::int32_t epoch = 0;
  BrokerId own_id = 0;
  std::set<BrokerId> sync_set;  // with the master itself
  std::int32_t set_epoch = 0;
  // The first lease: the monotonic time the request was sent whose answer made us master, and its length. Length 0: a
  // Controller without leases (the original's): none is kept.
  std::int64_t lease_from_ms = 0;
  std::int64_t lease_ms = 0;
};

struct SlaveTerm {
  std::int32_t epoch = 0;
  BrokerId own_id = 0;
  BrokerId master_id = 0;
  std::string master_ha_address;  // "host:port"; empty: not known yet, call again
};

struct PeerStatus {
  BrokerId id = -1;  // -1: not said (classic)
  std::string address;
  std::int64_t acknowledged = -1;
  std::int64_t sent = -1;
  std::int64_t lag_bytes = 0;
  std::int64_t bytes_per_second = 0;
  bool ours = false;
  bool in_sync = false;  // member of the sync set; classic: within max_gap_bytes
};

struct ReplicationStatus {
  Role role = Role::kNone;
  std::int32_t epoch = 0;  // of the term
  BrokerId own_id = 0;
  std::int64_t end = 0;
  std::int64_t confirmed = 0;
  // Master.
  std::vector<PeerStatus> slaves;
  std::set<BrokerId> sync_set;
  std::int32_t set_epoch = 0;
  std::int64_t lease_left_ms = -1;  // -1: no lease is kept
  // Slave.
  std::string master_address;
  bool connected = false;       // handshake done
  std::int64_t master_end = 0;  // as last heard
  std::int64_t lag_bytes = 0;   // slave: behind the master; master: of the slowest member of the set
  std::int64_t lag_ms = 0;      // slave: since it last had everything
  std::int64_t last_read_wall_ms = 0, last_write_wall_ms = 0;
  std::int64_t bytes_per_second = 0;
};

}  // namespace rmq::replication
