#include "operator/election/election_round.h"

#include <algorithm>
#include <functional>
#include <limits>

namespace rmq::election {

namespace {

bool within_set(RoundKind kind) {
  return kind == RoundKind::kFailover || kind == RoundKind::kPlanned || kind == RoundKind::kResign;
}

// Seam of Mistakes::issue_10578: the difference of two long ends as an int.
bool further_in_int(const Standing& a, const Standing& b) {
  return a.last_epoch == b.last_epoch && static_cast<std::int32_t>(b.end - a.end) < 0;
}

std::string list(const std::set<ReplicaId>& ids) {
  std::string text;
  for (const auto id : ids) text += (text.empty() ? "" : ", ") + std::to_string(id);
  return text;
}

}  // namespace

bool further(const Standing& a, const Standing& b) {
  return a.last_epoch != b.last_epoch ? a.last_epoch > b.last_epoch : a.end > b.end;
}

bool before(const Standing& a, const Standing& b, const Mistakes& mistakes) {
  if (mistakes.issue_10578 && a.last_epoch == b.last_epoch && a.end != b.end) return further_in_int(a, b);
  if (further(a, b) || further(b, a)) return further(a, b);
  if (a.priority != b.priority) return a.priority < b.priority;
  // No reason to move a mastership; and a master that only restarted need not be waited out (rule 4c).
  if (a.old_master != b.old_master) return a.old_master;
  return a.id < b.id;
}

std::size_t answers_needed(const GroupState& state, const Policy& policy) {
  if (policy.mode != Mode::kQuorum) return 1;
  const auto w = static_cast<std::size_t>(std::max(policy.write_quorum, 1));
  return state.sync_set.size() < w ? 1 : state.sync_set.size() - w + 1;
}

// Not one member is known to have everything: then whoever left with the last change of the set may, too.
bool leaving_count(const GroupState& state) {
  return !state.leaving.empty() && std::all_of(state.sync_set.begin(), state.sync_set.end(),
                                               [&](ReplicaId id) { return state.replicas.at(id).suspect; });
}

bool all_known(const GroupState& state, const std::function<bool(ReplicaId)>& known) {
  if (!std::all_of(state.sync_set.begin(), state.sync_set.end(), known)) return false;
  if (!leaving_count(state)) return true;
  return std::all_of(state.leaving.begin(), state.leaving.end(), known) ||
         std::any_of(state.leaving.begin(), state.leaving.end(),
                     [&](ReplicaId id) { return known(id) && !state.replicas.at(id).suspect; });
}

bool electable(const GroupState& state, const Policy& policy, const Liveness& liveness, std::int64_t now_ms,
               std::optional<ReplicaId> except) {
  std::size_t votes = 0, candidates = 0, living = 0;
  for (const auto id : state.sync_set) {
    if (!liveness.alive(id, now_ms)) continue;
    ++living;
    const bool counts = !state.replicas.at(id).suspect;
    if (counts) ++votes;
    if (counts && id != except) ++candidates;
  }
  // All of them know everything that is left, whatever their machines lost.
  const bool all = all_known(state, [&](ReplicaId id) { return liveness.alive(id, now_ms); });
  if (living > 0 && all && (living > 1 || !except)) return true;
  return candidates > 0 && votes >= answers_needed(state, policy);
}

std::set<ReplicaId> ElectionRound::voters(const Context& context) const {
  if (within_set(round_.kind)) {
    auto set = context.state.sync_set;
    if (leaving_count(context.state)) set.insert(context.state.leaving.begin(), context.state.leaving.end());
    return set;
  }
  std::set<ReplicaId> all;
  for (const auto& [id, replica] : context.state.replicas) all.insert(id);
  return all;
}

bool ElectionRound::may_ask(const Context& context, ReplicaId id) const {
  // Its answer is needed only to complete a quorum.
  if (id == round_.resigned && context.policy.mode != Mode::kQuorum) return false;
  return within_set(round_.kind) ? !context.liveness.dead(id, context.now_ms)
                                 : context.liveness.alive(id, context.now_ms);
}

std::vector<std::pair<std::uint64_t, ReplicaId>> ElectionRound::to_ask(const Context& context,
                                                                       std::uint64_t& next_ask) {
  std::vector<std::pair<std::uint64_t, ReplicaId>> asks;
  for (const auto id : voters(context)) {
    if (!may_ask(context, id)) {
      asked_.erase(id);
      continue;
    }
    auto& asked = asked_[id];
    if (asked.position) continue;
    if (asked.ask != 0 && context.now_ms < asked.asked_ms + context.policy.position_wait_ms) continue;
    asked.ask = next_ask++;
    asked.asked_ms = context.now_ms;
    asks.emplace_back(asked.ask, id);
  }
  return asks;
}

std::optional<ReplicaId> ElectionRound::asked(std::uint64_t ask) const {
  for (const auto& [id, asked] : asked_) {
    if (asked.ask == ask && !asked.position) return id;
  }
  return std::nullopt;
}

void ElectionRound::forget(ReplicaId id) {
  asked_.erase(id);
  if (round_.resigned == id) round_.resigned.reset();  // the process that left is another one
}

bool ElectionRound::on_answer(std::uint64_t ask, const std::optional<Position>& position, std::int64_t now_ms) {
  const auto id = this->asked(ask);
  if (!id) return false;
  auto& asked = asked_.at(*id);
  asked.done = true;
  asked.position = position;
  asked.answered_ms = now_ms;
  return true;
}

void ElectionRound::raise_epoch(std::int32_t epoch) {
  round_.epoch = epoch;
  asked_.clear();
}

std::optional<Position> ElectionRound::position(const Context& context, ReplicaId id) const {
  const auto it = asked_.find(id);
  if (it == asked_.end()) return std::nullopt;
  if (it->second.position) return it->second.position;
  const bool answers_late = it->second.done || context.now_ms >= round_.started_ms + context.policy.position_wait_ms;
  const auto* facts = context.liveness.facts(id);
  const bool takes_heartbeat = !context.state.replicas.at(id).ours || round_.kind == RoundKind::kFirst;
  if (!answers_late || !takes_heartbeat || facts == nullptr || !facts->reported) return std::nullopt;
  return Position{facts->epoch, facts->end, false};
}

std::int64_t ElectionRound::old_master_until(const Context& context,
                                             const std::map<ReplicaId, Position>& answers) const {
  const auto& [state, policy, liveness, now_ms, lease_given_ms] = context;
  if (policy.mistakes.issue_7017) return 0;
  if (round_.kind == RoundKind::kFirst || round_.kind == RoundKind::kAll) return 0;
  if (!round_.old_master) return lease_given_ms + policy.lease_ms;
  const auto old = *round_.old_master;
  if (round_.resigned == old || liveness.certainly_dead(old)) return 0;
  const auto known = state.replicas.find(old);
  if (known != state.replicas.end() && !known->second.ours) return 0;  // knows no lease: waiting changes nothing
  std::size_t fenced = 0, fenced_others = 0;
  std::int64_t fence_ms = std::numeric_limits<std::int64_t>::max();
  for (const auto& [id, position] : answers) {
    if (position.fenced && id == old) return 0;
    if (position.fenced) {
      ++fenced;
      if (id != old && state.sync_set.contains(id)) ++fenced_others;
      fence_ms = std::min(fence_ms, asked_.at(id).answered_ms);
    } else if (id != old && !state.replicas.at(id).ours) {
      fence_ms = 0;  // a stock replica echoes no ping: all others together cannot renew the lease
    }
  }
  const bool in_set = within_set(round_.kind);
  if (in_set && policy.mode == Mode::kSync && fenced_others > 0) return 0;
  if (in_set && policy.mode == Mode::kQuorum && fenced >= answers_needed(state, policy)) return 0;
  if (!in_set || fence_ms == std::numeric_limits<std::int64_t>::max()) fence_ms = 0;
  return std::max(lease_given_ms, fence_ms) + policy.lease_ms;
}

std::optional<Outcome> ElectionRound::decide(const Context& context, std::int64_t& wake_ms) const {
  const auto& policy = context.policy;
  const bool quorum = policy.mode == Mode::kQuorum && within_set(round_.kind);
  std::map<ReplicaId, Position> answers;
  bool all_done = true;
  const auto voters = this->voters(context);
  for (const auto id : voters) {
    if (!may_ask(context, id)) continue;
    if (const auto position = this->position(context, id)) {
      answers.emplace(id, *position);
    } else {
      const auto it = asked_.find(id);
      all_done = all_done && it != asked_.end() && it->second.done;
    }
  }
  const auto deadline = round_.started_ms + policy.position_wait_ms;
  if (!all_done && context.now_ms < deadline) {
    wake_ms = std::min(wake_ms, deadline);
    return std::nullopt;
  }
  for (const auto& [id, asked] : asked_) {
    if (!asked.position) wake_ms = std::min(wake_ms, asked.asked_ms + policy.position_wait_ms);
  }

  const bool complete = within_set(round_.kind)
                            ? all_known(context.state, [&](ReplicaId id) { return answers.contains(id); })
                            : answers.size() == voters.size();
  std::size_t votes = 0, candidate_votes = 0;
  std::optional<Standing> best, leaver, wish;
  bool all_empty = true;
  for (const auto& [id, position] : answers) {
    all_empty = all_empty && position.end == 0 && position.last_epoch == 0;
    const auto* facts = context.liveness.facts(id);
    const Standing standing{id, position.last_epoch, position.end, facts == nullptr ? 0x7fffffff : facts->priority,
                            id == round_.old_master};
    // What a suspect's log holds is not what it acknowledged: no vote, unless nobody is missing.
    const bool knows = !context.state.replicas.at(id).suspect && context.state.sync_set.contains(id);
    if (within_set(round_.kind) && !knows && !complete) continue;
    ++votes;
    if (id == round_.resigned) {
      leaver = standing;
      continue;
    }
    if (!context.state.replicas.at(id).suspect) ++candidate_votes;
    if (!best || before(standing, *best, policy.mistakes)) best = standing;
    if (id == round_.designated) wish = standing;
  }
  std::size_t needed = within_set(round_.kind) && !complete ? answers_needed(context.state, policy) : 1;
  if (round_.kind == RoundKind::kAll || (round_.kind == RoundKind::kFirst && !all_empty)) {
    needed = static_cast<std::size_t>(std::max(policy.expected_replicas, 1));
  }
  if (!best || votes < needed) return std::nullopt;
  // Its vote completes the quorum, and it holds what no other voter does: perhaps acknowledged.
  if (leaver && candidate_votes < answers_needed(context.state, policy) && further(*leaver, *best)) return std::nullopt;
  const auto until = old_master_until(context, answers);
  if (context.now_ms < until) {
    wake_ms = std::min(wake_ms, until);
    return std::nullopt;
  }

  Outcome outcome;
  outcome.reason = round_.reason;
  auto chosen = *best;
  // In synchronous mode every member (but a suspect) has all that was acknowledged; elsewhere only the furthest does.
  const bool wish_has_all = wish && policy.mode == Mode::kSync && !context.state.replicas.at(wish->id).suspect;
  if (wish && (wish_has_all || !further(chosen, *wish))) chosen = *wish;
  if (round_.designated && chosen.id != *round_.designated) {
    outcome.reason += wish ? "; it is behind, so the furthest was elected" : "; it did not answer";
  }
  outcome.chosen = chosen.id;
  if (quorum) {
    outcome.sync_set = context.state.sync_set;
  } else if (within_set(round_.kind)) {
    // A living member stays even if its answer did not come in time: should the chosen one die before it begins, that
    // member may hold the last copy of what was acknowledged.
    for (const auto id : voters) {
      const bool present = answers.contains(id) || context.liveness.alive(id, context.now_ms);
      const bool has_all =
          id == chosen.id || (context.state.sync_set.contains(id) && !context.state.replicas.at(id).suspect);
      if (id != round_.resigned && present && has_all) outcome.sync_set.insert(id);
    }
  } else {
    outcome.sync_set = {chosen.id};
  }
  outcome.candidates = candidates(context);
  outcome.may_be_lost = what_may_be_lost(context, answers, chosen);
  return outcome;
}

std::string ElectionRound::what_may_be_lost(const Context& context, const std::map<ReplicaId, Position>& answers,
                                            const Standing& chosen) const {
  std::set<ReplicaId> unheard, suspects;
  std::int64_t reported = chosen.end;
  for (const auto id : context.state.sync_set) {
    if (context.state.replicas.at(id).suspect) suspects.insert(id);
    if (answers.contains(id)) continue;
    unheard.insert(id);
    const auto* facts = context.liveness.facts(id);
    if (facts != nullptr && facts->reported) reported = std::max(reported, facts->end);
  }
  const auto beyond = reported > chosen.end ? " (at least " + std::to_string(reported - chosen.end) + " bytes)" : "";
  if (round_.kind == RoundKind::kUnclean) {
    return "unclean: what was acknowledged and only " + list(unheard) + " hold" + beyond;
  }
  const bool old_heard = !round_.old_master || answers.contains(*round_.old_master) || round_.resigned;
  if (within_set(round_.kind) && context.policy.mode == Mode::kAsync && !old_heard) {
    return "asynchronous: what " + std::to_string(*round_.old_master) + " acknowledged and had not sent" + beyond;
  }
  if (within_set(round_.kind) && (suspects.contains(chosen.id) || suspects.size() == context.state.sync_set.size())) {
    return "unflushed bytes: the machines of " + list(suspects) + " started anew";
  }
  return {};
}

std::vector<ElectionCandidate> ElectionRound::candidates(const Context& context) const {
  std::vector<ElectionCandidate> out;
  for (const auto id : voters(context)) {
    ElectionCandidate candidate{id, std::nullopt, std::nullopt, context.liveness.alive(id, context.now_ms)};
    if (const auto position = this->position(context, id)) {
      candidate.last_epoch = position->last_epoch;
      candidate.end = position->end;
    }
    out.push_back(candidate);
  }
  return out;
}

}  // namespace rmq::election
