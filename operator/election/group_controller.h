// The Controller's state machine for one broker group, without I/O and clock: docs/replication.md, "The Controller's
// rules". The driver feeds requests, answers and time, and carries out the actions, in order.
//
// What a driver must keep:
// - It calls in only while it is the leader by its own clock, with a margin: a Controller whose leadership may have
//   passed on must not answer heartbeats, for each may grant a lease. A new leader makes a new GroupController.
// - Write by compare-and-swap, one at a time; nothing else than the actions changes the stored object. After kError the
//   stored object is unknown: keep the old version for the next compare-and-swap, its conflict tells.
// - on_tick() at next_wakeup_ms(), or earlier at will.
// - Answers, notifications and events leave only as actions say: those that depend on a write come after its kOk.
// Not thread-safe. Memory is bounded: at most kMaxPending requests wait.
// Never throws; hostile requests get an answer with a code.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "operator/election/election_round.h"
#include "operator/election/group_state.h"
#include "operator/election/liveness.h"
#include "operator/election/messages.h"
#include "operator/election/suspects.h"

namespace rmq::election {

inline constexpr std::size_t kMaxPending = 256;
// Greater ones are junk: an epoch counts elections.
inline constexpr std::int32_t kMaxPlausibleEpoch = 1'000'000'000;

class GroupController {
 public:
  // `loaded`: the stored state; none when the object does not exist (new, cleaned or lost: Policy::known_new tells).
  // `leader_since_ms`: monotonic; silence before it is no evidence, leases may have been given until then.
  GroupController(Policy policy, std::string cluster, std::string name, std::optional<GroupState> loaded,
                  std::int64_t leader_since_ms);

  // Exactly one Answer with `id` will come, now or later.
  Actions on_request(Now now, RequestId id, Connection connection, const Request& request);
  Actions on_tick(Now now);
  Actions on_connection_closed(Now now, ReplicaId id, Connection connection);
  // Certain: the process that last spoke is no more ("container ended", "connect refused" by its own machine), as
  // things are now, not as they were once. Counts only while its connection is closed; a later message of the replica
  // takes it back.
  Actions on_process_dead(Now now, ReplicaId id, const std::string& evidence);
  // As on_process_dead(), but no proof: an election begins at once, and waits for the lease where no fence covers it.
  Actions on_process_suspected(Now now, ReplicaId id, const std::string& evidence);
  // `ask` is AskPosition's; none: no answer came.
  Actions on_position(Now now, std::uint64_t ask, const std::optional<Position>& position);
  // `actual` (kConflict only): what is stored now, none when the object is gone.
  Actions on_written(Now now, WriteResult result, std::optional<GroupState> actual = std::nullopt);

  // When on_tick() is wanted next; never further than a heartbeat timeout away.
  std::int64_t next_wakeup_ms(Now now) const;

  // From the next input on. Lowering expected_replicas is how a person consents to go on with fewer.
  void set_policy(const Policy& policy);
  const Policy& policy() const { return policy_; }
  // What is known to be stored; none: no object.
  const std::optional<GroupState>& state() const { return state_; }
  bool electing() const { return round_.has_value(); }
  std::vector<ReplicaStatus> status(Now now) const;

 private:
  struct Pending {
    RequestId id = 0;
    Connection connection = 0;
    Request request;
    int tries = 0;  // that ended in a conflict or an error
  };
  // A 1002 that waits for the end of an election.
  struct Waiter {
    RequestId id = 0;
    ElectMasterRequest request;
    std::int64_t until_ms = 0;
  };

  // group_controller_requests.cc: one function a request. Those that write are called with no write under way.
  void handle(Now now, const Pending& pending);
  void handle(Now now, const Pending& p, const NextIdRequest& r);
  void handle(Now now, const Pending& p, const ApplyIdRequest& r);
  void handle(Now now, const Pending& p, const RegisterRequest& r);
  void handle(Now now, const Pending& p, const HeartbeatRequest& r);
  void handle(Now now, const Pending& p, const AlterSyncSetRequest& r);
  void handle(Now now, const Pending& p, const ElectMasterRequest& r);
  void handle(Now now, const Pending& p, const ReplicaInfoRequest& r);
  void handle(Now now, const Pending& p, const SyncStateRequest& r);
  void handle(Now now, const Pending& p, const CleanRequest& r);
  void handle(Now now, const Pending& p, const UpdateAddressRequest& r);
  void answer_registered(Now now, const Pending& p, const RegisterRequest& r, Actions& to) const;
  bool may_grant_lease(const HeartbeatRequest& r) const;
  void hear_of_epochs(const HeartbeatRequest& r);

  Actions finish(Now now);  // runs what became possible and hands over the actions
  void answer(Answer answer) { actions_.emplace_back(std::move(answer)); }
  void refuse(RequestId id, std::int32_t code, std::string remark);
  // Starts a write (none: erase); `then` leave on kOk. Otherwise `again` is handled anew, when it is
  // known what is stored.
  void write(std::optional<GroupState> next, Actions then, std::optional<Pending> again, bool outcome = false);
  void written(Now now);
  void expire_waiters(Now now);

  // group_controller_elections.cc
  void progress_elections(Now now);
  void consider_election(Now now);
  void consider_first_election(Now now);
  void start_round(Now now, RoundKind kind, std::string reason, ReplicaId who = -1);
  void drop_round();
  void run_round(Now now);
  void write_outcome(Now now, const Outcome& outcome);
  void write_no_master(Now now, const std::string& reason);
  void clear_suspects(Now now);
  // With the result of the last election, or that there was none.
  void answer_waiters();
  static void notify_all(const GroupState& state, Actions& to);
  // Beyond the recorded epoch and everything promised or heard of; may be beyond what an int32 holds.
  std::int64_t next_epoch() const;
  ElectionRound::Context context(Now now) const;
  bool can_elect(Now now, ReplicaId except = -1) const;

  bool known_new() const { return policy_.known_new && !lost_; }
  Answer master_answer(RequestId id, std::int32_t code, bool with_group) const;

  Policy policy_;
  std::string cluster_;
  std::string name_;
  std::optional<GroupState> state_;
  std::int64_t leader_since_ms_;
  Liveness liveness_;

  std::optional<ElectionRound> round_;
  std::int64_t round_wake_ms_ = 0;
  std::vector<Waiter> waiters_;
  std::uint64_t next_ask_ = 1;
  std::int64_t lease_given_ms_;   // the last moment at which a lease may have been granted to the master
  std::int32_t epoch_floor_ = 0;  // the next epoch is at least this: promised, or beyond what a log holds
  bool stale_ = false;            // a log holds a later epoch than the stored state: the object was set back
  bool lost_ = false;             // the object was there and is no more
  std::string no_master_reason_;
  Suspects suspects_;
  std::int64_t retry_at_ms_ = 0;  // not before: the next election, the next write after an error

  struct WriteUnderWay {
    std::optional<GroupState> next;  // none: erased
    Actions then;
    std::optional<Pending> again;
    bool outcome = false;  // of an election
  };
  std::optional<WriteUnderWay> write_;
  bool uncertain_ = false;  // a write failed: what is stored is unknown, no lease is granted
  std::deque<Pending> pending_;
  Actions actions_;
};

}  // namespace rmq::election
