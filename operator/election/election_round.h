// One election from the first question to the choice: who is asked, who answered, whether it can be decided yet and
// how. Rule 4 to 6 of docs/replication.md, "The Controller's rules". Pure; not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "operator/election/liveness.h"
#include "operator/election/messages.h"

namespace rmq::election {

enum class RoundKind : std::uint8_t {
  kFailover,  // among the sync set
  kPlanned,   // so, with a wish
  kResign,    // so, without the master that asks for it
  kFirst,     // known new: the first whose log is empty
  kAll,       // nothing is known, or what is known is stale: all expected replicas
  kUnclean,   // any living replica
};

struct Round {
  RoundKind kind = RoundKind::kFailover;
  std::string reason;
  std::int64_t started_ms = 0;
  std::int32_t epoch = 0;  // of the new master; the fence
  std::optional<ReplicaId> old_master;
  std::optional<ReplicaId> designated;
  std::optional<ReplicaId> resigned;
};

struct Outcome {
  ReplicaId chosen = 0;
  std::set<ReplicaId> sync_set;
  std::vector<ElectionCandidate> candidates;
  std::string reason;
  std::string may_be_lost;
};

// Candidate a comes before candidate b: greater (epoch, end), lower priority value, the old master, lower id.
struct Standing {
  ReplicaId id = 0;
  std::int32_t last_epoch = 0;
  std::int64_t end = 0;
  std::int32_t priority = 0;
  bool old_master = false;
};
bool further(const Standing& a, const Standing& b);  // (epoch, end) alone
bool before(const Standing& a, const Standing& b, const Mistakes& mistakes);

// How many answers of the set suffice. Quorum: an acknowledged record is with W of the set, so |set|-W+1 meet one that
// has it (N-W+1 once the set is whole).
std::size_t answers_needed(const GroupState& state, const Policy& policy);
// Whether an election within the set can succeed with those that live now.
bool electable(const GroupState& state, const Policy& policy, const Liveness& liveness, std::int64_t now_ms,
               std::optional<ReplicaId> except);

class ElectionRound {
 public:
  explicit ElectionRound(Round round) : round_(std::move(round)) {}

  const Round& about() const { return round_; }

  struct Context {
    const GroupState& state;
    const Policy& policy;
    const Liveness& liveness;
    std::int64_t now_ms;
    std::int64_t lease_given_ms;
  };

  // Replicas to ask now, each with its number: not asked yet, or without an answer for position_wait_ms.
  std::vector<std::pair<std::uint64_t, ReplicaId>> to_ask(const Context& context, std::uint64_t& next_ask);
  // False: an answer to nothing that is asked (late, of a former round, or repeated).
  bool on_answer(std::uint64_t ask, const std::optional<Position>& position, std::int64_t now_ms);
  // It began a new life, or died: what it answered is void, and it is asked again when it can be.
  void forget(ReplicaId id);
  // The one that resigned began a new life: it is a candidate like any other.
  void returned(ReplicaId id) {
    if (round_.resigned == id) round_.resigned.reset();
  }
  // The fence was too low for what a replica answered: everybody is asked again.
  void raise_epoch(std::int32_t epoch);
  // The replica asked by `ask`, if it waits for an answer.
  std::optional<ReplicaId> asked(std::uint64_t ask) const;

  // None: not yet; `wake_ms` says when to look again if nothing comes.
  std::optional<Outcome> decide(const Context& context, std::int64_t& wake_ms) const;
  // For the record, also of an election that came to nothing.
  std::vector<ElectionCandidate> candidates(const Context& context) const;

 private:
  struct Asked {
    std::uint64_t ask = 0;
    std::int64_t asked_ms = 0;
    bool done = false;  // answered or failed
    std::optional<Position> position;
    std::int64_t answered_ms = 0;
  };

  std::set<ReplicaId> voters(const Context& context) const;
  bool may_ask(const Context& context, ReplicaId id) const;
  // What counts as the position of a replica: its answer, or, from a stock broker that starts and does not listen yet,
  // its heartbeat.
  std::optional<Position> position(const Context& context, ReplicaId id) const;
  // Until when the old master may acknowledge; 0: it cannot any more.
  std::int64_t old_master_until(const Context& context, const std::map<ReplicaId, Position>& answers) const;
  std::string what_may_be_lost(const Context& context, const std::map<ReplicaId, Position>& answers,
                               const Standing& chosen) const;

  Round round_;
  std::map<ReplicaId, Asked> asked_;
};

}  // namespace rmq::election
