// A master's rules for one mastership (docs/replication.md, "A master's rules"): which copies count, what may be
// acknowledged and read, how the sync set is to change, how long the lease lasts.
//
// Pure: no I/O, no clock, not thread-safe (the owner locks). Times are milliseconds of one local monotonic clock;
// offsets are bytes of the commit log. Make one a mastership (every elected epoch gets a new object) and ask the
// outputs after every input. All costs are O(members).
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "broker/replication/rules/mistakes.h"

namespace rmq::replication {

using ReplicaId = std::int64_t;  // given by the Controller, from 1
using ReplicaSet = std::set<ReplicaId>;
using Millis = std::int64_t;
using ConnectionToken = std::uint64_t;  // one accepted HA connection; never reused in a process

enum class Mode { kAsync, kSync, kQuorum };

struct MasterConfig {
  Mode mode = Mode::kAsync;
  ReplicaId self = 0;
  std::int32_t epoch = 0;
  std::int64_t epoch_start = 0;       // the log's end when this mastership began
  int members_wanted = 1;             // quorum: N, the replicas of the group
  int write_quorum = 1;               // quorum: W, copies of an acknowledged record, the master's included
  int min_in_sync = 1;                // synchronous: fewer members in the set acknowledge nothing
  Millis shrink_after = 15000;        // haMaxTimeSlaveNotCatchup
  Millis disconnect_grace = 500;      // a member whose connection closed may come back within this time
  Millis first_connect_grace = 2000;  // and one that never connected since the election, within this
  Millis proposal_pause = 500;        // after a refusal or no answer
  // A replica that is behind by no more than join_lag is let catch up by holding the confirm offset back, for no longer
  // than join_hold: under steady load it would never be quite there.
  Millis join_lag = 200;
  Millis join_hold = 500;
  bool unclean_allowed = false;  // then a master alone in its set can't renew its own lease
  bool alone_renewal = true;     // a master alone in its set renews its own lease
  bool lease_needed = true;      // false: a stock Controller, which knows no lease (or fixed roles)
  Mistakes mistakes;
};

// What an acknowledgement was worth.
enum class AckVerdict {
  kCounted,
  kStale,    // of a connection that was replaced or closed: close it, or its slave stays on it and is never counted
  kHostile,  // before the handshake, beyond what was sent, or going back: close the connection
};

// A change of the sync set for the Controller (1001).
struct Proposal {
  std::uint64_t number = 0;  // counts up; hand it back with the outcome
  ReplicaSet set;
  std::int32_t set_epoch = 0;  // the granted set's epoch, which the Controller compares
};

class MasterRules {
 public:
  static constexpr Millis kForever = std::numeric_limits<Millis>::max();

  // `granted`: the set and its epoch as the election wrote them. `confirm`: what this replica knew as confirmed.
  MasterRules(MasterConfig config, ReplicaSet granted, std::int32_t set_epoch, std::int64_t log_end,
              std::int64_t confirm, Millis now);

  // ---- Inputs: the log
  // The log now ends here (it only grows during a mastership).
  void log_end_moved(std::int64_t end, Millis now);
  // Everything before `offset` is in the consume queues and its state records are applied. Until that covers what the
  // log held when this mastership began, sends are not accepted (issues 7689, 7790).
  void log_applied(std::int64_t offset) { applied_ = offset > applied_ ? offset : applied_; }

  // ---- Inputs: HA connections
  // A slave finished the handshake (it knows this epoch). Replaces an older connection of the same id. `learner`: never
  // to be a member.
  void handshake(ReplicaId id, bool learner, ConnectionToken token, Millis now);
  // A slave reports that it has everything before `offset`. The first report of a connection says where it wants to
  // start and may be anything up to the log's end; later ones may neither go back nor pass `sent_limit`, the end of
  // what was written to this connection (the start position when nothing was).
  AckVerdict acknowledged(ReplicaId id, ConnectionToken token, std::int64_t offset, std::int64_t sent_limit,
                          Millis now);
  void disconnected(ReplicaId id, ConnectionToken token, Millis now);
  // An echo of a ping that was sent at `sent_at`. Two connections of one replica may shake hands in the wrong order (a
  // master that was frozen finds both waiting): only the echo tells that the living one is not the one that counts.
  AckVerdict ping_echoed(ReplicaId id, ConnectionToken token, Millis sent_at, Millis now);

  // ---- Inputs: the Controller
  // A heartbeat sent at `sent_at` was answered with this lease by a Controller that names this master and epoch.
  void heartbeat_answered(Millis sent_at, Millis lease, Millis now);
  // The set as the Controller has it: an answer to a proposal, or pushed or polled. Older set epochs are ignored.
  void controller_set(const ReplicaSet& set, std::int32_t set_epoch, Millis now);
  // The Controller evaluated this proposal and said no; it will never be applied.
  void proposal_refused(std::uint64_t number, Millis now);
  // No answer came: it may have been or still be applied, so it counts until the set's epoch moves on.
  void proposal_unknown(std::uint64_t number, Millis now);

  // ---- Outputs
  // Up to here the mode's promise holds; readers of synchronous and quorum modes see no further. Never goes back.
  std::int64_t confirm_offset() const { return confirm_; }
  // Sends that end at or before this have their copies (asynchronous: the log's end). They may be acknowledged if
  // may_acknowledge() and enough_in_sync() hold at the moment of the answer.
  std::int64_t acknowledged_end() const;
  // The lease lasts. Ask when the answer is given.
  bool may_acknowledge(Millis now) const { return now < lease_end(now); }
  // The end of the time in which this master may acknowledge (a tenth of the lease early); kForever without a lease.
  Millis lease_end(Millis now) const;
  // Sends may be taken at all: the queue offsets as of the end of the former mastership are known (issue 7689).
  bool accepts_sends() const;
  // State (committed offsets, topics) may be served: all of the former mastership's is applied (issue 7790).
  bool serves_state() const;
  // Synchronous: the set has min_in_sync members. Quorum: W members exist. Sends are refused at once when false.
  bool enough_in_sync() const;
  // The change of the set to ask for now, if any; asking starts it (one under way at a time), so call it when it can be
  // sent, and report its outcome with one of the four inputs above.
  std::optional<Proposal> take_proposal(Millis now);
  // When take_proposal() may have something new although no input came; kForever: not before the next input.
  Millis next_wakeup(Millis now) const;

  const ReplicaSet& granted_set() const { return granted_; }
  std::int32_t set_epoch() const { return set_epoch_; }
  // The granted set and every set asked for that may be in force: all of these must have a record (synchronous), and
  // all others of these must echo a ping.
  ReplicaSet required_set() const;
  // The greatest offset `id` acknowledged on its present connection; none without one.
  std::optional<std::int64_t> acknowledged_by(ReplicaId id) const;
  const MasterConfig& config() const { return config_; }

 private:
  struct Replica {
    bool connected = false;
    bool learner = false;
    bool ever_connected = false;
    ConnectionToken token = 0;
    std::optional<std::int64_t> acked;  // on this connection
    std::optional<Millis> echoed;       // newest ping echoed, as sent
    Millis away_since = 0;              // while not connected
    // "Long ago", but far enough from the limits to calculate with.
    Millis caught_up = std::numeric_limits<Millis>::min() / 2;  // it had everything that the log had at this moment
    std::int64_t mark_end = 0;                                  // once it has this ...
    Millis mark_time = 0;                                       // ... it has caught up with the log as of then
    Millis join_not_before = 0;  // after the Controller refused it, or a hold was in vain
  };

  const Replica* find(ReplicaId id) const;
  std::optional<std::int64_t> position(ReplicaId id) const;
  std::optional<std::int64_t> all_have(const ReplicaSet& set) const;
  std::optional<std::int64_t> quorum_has(const ReplicaSet& set) const;
  std::optional<std::int64_t> confirmable() const;
  void note_progress(Replica& replica, Millis now);
  void move_confirm();
  void step(Millis now);
  bool alone() const;
  bool could_join(ReplicaId id, Millis now) const;
  bool has_confirmed(ReplicaId id) const;
  Millis leaves_at(ReplicaId id) const;
  std::optional<ReplicaSet> with_member(ReplicaId id, Millis now) const;
  std::optional<ReplicaSet> wanted_set(Millis now) const;
  void hold_for_joiner(Millis now);

  MasterConfig config_;
  ReplicaSet granted_;
  std::int32_t set_epoch_ = 0;
  std::int64_t end_ = 0;
  std::int64_t confirm_ = 0;
  std::int64_t applied_ = 0;
  std::map<ReplicaId, Replica> replicas_;
  // Proposals made under set_epoch_ that were not refused: any of them may be in force.
  std::map<std::uint64_t, ReplicaSet> asked_;
  std::optional<std::uint64_t> under_way_;
  std::uint64_t next_number_ = 1;
  Millis propose_not_before_ = 0;
  // The confirm offset does not pass this replica for now, see join_lag.
  std::optional<ReplicaId> joiner_;
  Millis hold_until_ = 0;
  Millis lease_ = 0;                    // the newest lease length the Controller named
  std::optional<Millis> renewed_from_;  // the newest moment the lease was renewed from
};

}  // namespace rmq::replication
