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
#include <optional>
#include <string>
#include <vector>

#include "operator/election/election_round.h"
#include "operator/election/group_state.h"
#include "operator/election/liveness.h"
#include "operator/election/messages.h"

namespace rmq::election {

inline constexpr std::size_t kMaxPending = 256;

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
  // Certain: the process that last spoke is no more ("container ended", "connect refused"). Counts once its connection
  // is closed; a later message of the replica takes it back.
  Actions on_process_dead(Now now, ReplicaId id, const std::string& evidence);
  // `ask` is AskPosition's; none: no answer came.
  Actions on_position(Now now, std::uint64_t ask, const std::optional<Position>& position);
  // `actual` (kConflict only): what is stored now, none when the object is gone.
  Actions on_written(Now now, WriteResult result, std::optional<GroupState> actual = std::nullopt);

  // When on_tick() is wanted next; never further than a heartbeat timeout away.
  std::int64_t next_wakeup_ms(Now now) const;

  // From the next input on. Lowering expected_replicas is how a person consents to go on with fewer.
  void set_policy(const Policy& policy) { policy_ = policy; }
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
  };
  // A 1002 that waits for the end of an election.
  struct Waiter {
    RequestId id = 0;
    ElectMasterRequest request;
    std::int64_t until_ms = 0;
  };

  // group_controller_requests.cc: one function a request; false: it must wait for the write under way.
  bool handle(Now now, const Pending& pending);
  bool handle_request(Now now, const Pending& p, const NextIdRequest& r);
  bool handle_request(Now now, const Pending& p, const ApplyIdRequest& r);
  bool handle_request(Now now, const Pending& p, const RegisterRequest& r);
  bool handle_request(Now now, const Pending& p, const HeartbeatRequest& r);
  bool handle_request(Now now, const Pending& p, const AlterSyncSetRequest& r);
  bool handle_request(Now now, const Pending& p, const ElectMasterRequest& r);
  bool handle_request(Now now, const Pending& p, const ReplicaInfoRequest& r);
  bool handle_request(Now now, const Pending& p, const SyncStateRequest& r);
  bool handle_request(Now now, const Pending& p, const CleanRequest& r);
  bool handle_request(Now now, const Pending& p, const UpdateAddressRequest& r);

  Actions finish(Now now);  // runs what became possible and hands over the actions
  void answer(Answer answer) { actions_.emplace_back(std::move(answer)); }
  void refuse(RequestId id, std::int32_t code, std::string remark);
  // Starts a write; `then` leave on kOk. On a conflict `again` is handled anew, if it has an id.
  void write(GroupState next, bool erase, Actions then, std::optional<Pending> again);

  // group_controller_elections.cc
  void consider_election(Now now);
  void start_round(Now now, RoundKind kind, std::string reason, std::optional<ReplicaId> designated = std::nullopt);
  void ask_again(Now now);
  void try_decide(Now now);
  void write_outcome(Now now, const Outcome& outcome);
  void write_no_master(Now now, const std::string& reason);
  void answer_waiters(Now now);
  void notify_all(const GroupState& state);
  std::int64_t next_epoch() const;

  Answer master_answer(RequestId id) const;

  Policy policy_;
  std::string cluster_;
  std::string name_;
  std::optional<GroupState> state_;
  std::int64_t leader_since_ms_;
  Liveness liveness_;

  std::optional<ElectionRound> round_;
  std::vector<Waiter> waiters_;
  std::uint64_t next_ask_ = 1;
  std::int64_t lease_given_ms_;        // the last moment at which a lease may have been granted to the master
  std::int32_t epoch_floor_ = 0;       // the greatest epoch heard of
  std::optional<ReplicaId> resigned_;  // its process leaves: no candidate until it registers anew
  std::int64_t retry_at_ms_ = 0;       // not before: the next election, the next write after an error

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
