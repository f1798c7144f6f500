// When a replica whose machine may have lost the end of its log votes again: once it has what its master had after it
// registered. Both are asked for their positions, in that order and after that moment: a heartbeat may have been sent
// long before it comes, and of another life. The same answer tells that a master lived to see its set shrunk: who left
// need not be asked any more should its machine lose power. Rules 2 and 7 of docs/replication.md, "The Controller's
// rules".
//
// Pure; thread-compatible. Every input costs O(replicas).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "operator/election/group_state.h"
#include "operator/election/liveness.h"
#include "operator/election/messages.h"

namespace rmq::election {

class Suspects {
 public:
  // A new life of `id` begins: what was learnt of it counts no more.
  void registered(ReplicaId id);
  // What is stored came from elsewhere, or an election began: all begins anew.
  void reset();
  // Whom to ask now, if anybody; at most one at a time, and one each `wait_ms`. `number`: for the ask.
  std::optional<AskPosition> ask(const GroupState& state, const Liveness& liveness, std::int64_t now_ms,
                                 std::int64_t wait_ms, std::uint64_t number);
  void on_position(const GroupState& state, std::uint64_t ask, const std::optional<Position>& position);
  // Those that are suspects in `state` and need not be.
  std::set<ReplicaId> cleared(const GroupState& state) const;
  // state.leaving may be emptied: the master was heard of after that change of the set.
  bool shrink_seen(const GroupState& state) const;

 private:
  struct Progress {
    std::int64_t target = 0;  // the master's end
    bool reached = false;
  };
  struct Ask {
    std::uint64_t number = 0;
    ReplicaId id = 0;
    std::set<ReplicaId> about;  // the suspects that it is for
    std::int32_t set_epoch = 0;
  };

  std::int32_t epoch_ = 0;  // the mastership that the targets are of
  std::map<ReplicaId, Progress> progress_;
  std::optional<Ask> ask_;
  std::int32_t seen_set_epoch_ = 0;
  std::int64_t not_before_ms_ = 0;
};

}  // namespace rmq::election
