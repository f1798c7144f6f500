// When an election begins, and what becomes of it. Rules 3 to 6 of docs/replication.md, "The Controller's rules".
#include <algorithm>
#include <limits>

#include "common/protocol/codes.h"
#include "operator/election/group_controller.h"

namespace rmq::election {

using Code = protocol::ResponseCode;

namespace {

constexpr std::int64_t kLastEpoch = std::numeric_limits<std::int32_t>::max();

// A set epoch that is beyond those of a lost object: brokers that live take only greater ones. Set changes are rarer
// than seconds.
std::int32_t set_epoch_after_loss(std::int64_t wall_ms) {
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>(wall_ms / 1000 - 1'700'000'000, 1, std::numeric_limits<std::int32_t>::max() / 2));
}

bool within_set(RoundKind kind) {
  return kind == RoundKind::kFailover || kind == RoundKind::kPlanned || kind == RoundKind::kResign;
}

}  // namespace

std::int64_t GroupController::next_epoch() const {
  return std::max<std::int64_t>(std::int64_t{state_->master_epoch} + 1, epoch_floor_);
}

ElectionRound::Context GroupController::context(Now now) const {
  return {*state_, policy_, liveness_, now.ms, lease_given_ms_};
}

bool GroupController::can_elect(Now now, ReplicaId except) const {
  return electable(*state_, policy_, liveness_, now.ms, except >= 0 ? std::optional(except) : std::nullopt);
}

void GroupController::progress_elections(Now now) {
  if (!state_ || now.ms < retry_at_ms_) return;
  if (!round_ && !write_) consider_election(now);
  if (round_) run_round(now);
}

void GroupController::consider_first_election(Now now) {
  std::int32_t living = 0;
  for (const auto& [id, replica] : state_->replicas) living += liveness_.alive(id, now.ms) ? 1 : 0;
  if (known_new() && living > 0) {
    start_round(now, RoundKind::kFirst, "first master of a new group");
  } else if (living >= std::max(policy_.expected_replicas, 1)) {
    start_round(now, RoundKind::kAll, "first master: all expected replicas are there");
  }
}

void GroupController::consider_election(Now now) {
  const auto& state = *state_;
  if (state.master_epoch == 0) return consider_first_election(now);
  if (stale_) return start_round(now, RoundKind::kAll, "the stored state is older than the brokers'");

  std::string reason = no_master_reason_.empty() ? "there is no master" : no_master_reason_;
  if (state.master) {
    const auto master = *state.master;
    if (liveness_.dead(master, now.ms)) {
      reason = "master " + std::to_string(master) + " is dead: " + liveness_.why_dead(master, now.ms);
    } else if (epoch_floor_ > state.master_epoch) {
      reason = "epoch " + std::to_string(epoch_floor_) + " was promised in an election that was not ended";
      if (!can_elect(now)) return;
    } else {
      return;
    }
  }
  if (can_elect(now)) return start_round(now, RoundKind::kFailover, std::move(reason));

  // Nobody heard at all: probably it is this Controller that is cut off. Silence of a member is evidence only after the
  // timeout, also for a new leader.
  bool anybody = false, settled = true;
  for (const auto& [id, replica] : state.replicas) anybody = anybody || liveness_.alive(id, now.ms);
  for (const auto id : state.sync_set) {
    settled = settled && (liveness_.dead(id, now.ms) || liveness_.alive(id, now.ms));
  }
  if (!anybody || !settled) return;
  if (policy_.unclean_allowed) return start_round(now, RoundKind::kUnclean, std::move(reason));
  if (state.master) write_no_master(now, reason + "; no living member of the sync set can take over");
}

void GroupController::start_round(Now now, RoundKind kind, std::string reason, ReplicaId who) {
  const auto epoch = next_epoch();
  if (epoch > kLastEpoch || state_->sync_set_epoch == kLastEpoch) {
    ElectionRecord record{now.wall_ms, state_->master_epoch, {}, std::nullopt, reason + "; epochs are used up", {}};
    actions_.emplace_back(ElectionEvent{std::move(record)});
    retry_at_ms_ = now.ms + 60'000;
    return;
  }
  Round round{kind, std::move(reason), now.ms, static_cast<std::int32_t>(epoch)};
  round.old_master = state_->master ? state_->master : state_->previous_master;
  if (kind == RoundKind::kPlanned) round.designated = who;
  if (kind == RoundKind::kResign) round.resigned = who;
  round_.emplace(std::move(round));
}

void GroupController::drop_round() {
  // What was promised in it holds: the next epoch must not be below.
  epoch_floor_ = std::max(epoch_floor_, round_->about().epoch);
  round_.reset();
}

void GroupController::run_round(Now now) {
  const auto kind = round_->about().kind;
  const bool planned = kind == RoundKind::kPlanned || kind == RoundKind::kResign;
  const bool too_late = planned && now.ms >= round_->about().started_ms + policy_.elect_answer_ms;
  const bool possible = within_set(kind)
                            ? can_elect(now)
                            : std::any_of(state_->replicas.begin(), state_->replicas.end(),
                                          [&](const auto& one) { return liveness_.alive(one.first, now.ms); });
  if (!write_ && (!possible || too_late || (kind == RoundKind::kUnclean && can_elect(now)))) {
    drop_round();
    if (planned) answer_waiters();
    consider_election(now);
    if (!round_) return;
  }
  for (const auto& [ask, id] : round_->to_ask(context(now), next_ask_)) {
    AskPosition question{ask, id, std::string(state_->address_of(id)), round_->about().epoch};
    if (policy_.mistakes.issue_7017) question.fence_epoch.reset();
    actions_.emplace_back(std::move(question));
  }
  if (write_) return;
  round_wake_ms_ = now.ms + policy_.position_wait_ms;
  if (const auto outcome = round_->decide(context(now), round_wake_ms_)) write_outcome(now, *outcome);
}

void GroupController::write_outcome(Now now, const Outcome& outcome) {
  const auto& round = round_->about();
  auto next = *state_;
  const bool rebuilt = round.kind == RoundKind::kAll;
  next.master = outcome.chosen;
  next.previous_master.reset();
  next.master_epoch = round.epoch;
  next.sync_set = outcome.sync_set;
  next.leaving.clear();
  next.sync_set_epoch = std::max(state_->sync_set_epoch + 1, rebuilt ? set_epoch_after_loss(now.wall_ms) : 1);
  // It is the best there is; the others are suspect until they have what it has.
  next.replicas.at(outcome.chosen).suspect = false;
  ElectionRecord record{now.wall_ms,    round.epoch,    outcome.candidates,
                        outcome.chosen, outcome.reason, outcome.may_be_lost};
  next.add_record(record);
  Actions then;
  notify_all(next, then);
  then.emplace_back(ElectionEvent{std::move(record)});
  write(std::move(next), std::move(then), std::nullopt, true);
}

void GroupController::write_no_master(Now now, const std::string& reason) {
  auto next = *state_;
  next.previous_master = next.master;
  next.master.reset();
  ElectionRecord record{now.wall_ms, next.master_epoch, {}, std::nullopt, reason, {}};
  for (const auto& [id, replica] : next.replicas) {
    ElectionCandidate candidate{id, std::nullopt, std::nullopt, liveness_.alive(id, now.ms)};
    if (const auto* facts = liveness_.facts(id); facts != nullptr && facts->reported) {
      candidate.last_epoch = facts->epoch;
      candidate.end = facts->end;
    }
    record.candidates.push_back(candidate);
  }
  next.add_record(record);
  Actions then{ElectionEvent{std::move(record)}};
  write(std::move(next), std::move(then), std::nullopt, true);
}

void GroupController::notify_all(const GroupState& state, Actions& to) {
  for (const auto& [id, replica] : state.replicas) {
    to.emplace_back(Notify{id,
                           replica.address,
                           *state.master,
                           std::string(state.master_address()),
                           state.master_epoch,
                           {state.sync_set, state.sync_set_epoch}});
  }
}

void GroupController::answer_waiters() {
  for (const auto& [id, request, until_ms] : std::exchange(waiters_, {})) {
    const bool elected = state_->master && !round_;
    if (!elected) {
      refuse(id, request.id < 0 ? Code::kControllerMasterNotAvailable : Code::kControllerElectMasterFailed,
             "no replica of " + name_ + " can be elected");
    } else if ((request.designate && state_->master != request.id) ||
               (request.resign && state_->master == request.id)) {
      const auto& records = state_->elections;
      refuse(id, Code::kControllerElectMasterFailed,
             std::to_string(*state_->master) + " is master" + (records.empty() ? "" : ": " + records.back().reason));
    } else {
      answer(master_answer(id, Code::kSuccess, true));
    }
  }
}

// A replica that may have lost its cache votes again when it has what its master had after it registered.
void GroupController::clear_suspects(Now now) {
  if (!state_ || !state_->master || round_) return suspects_.reset();
  const auto cleared = suspects_.cleared(*state_);
  const bool shrunk = suspects_.shrink_seen(*state_);
  if (!cleared.empty() || shrunk) {
    auto next = *state_;
    for (const auto id : cleared) next.replicas.at(id).suspect = false;
    if (shrunk) next.leaving.clear();
    return write(std::move(next), {}, std::nullopt);
  }
  auto question = suspects_.ask(*state_, liveness_, now.ms, policy_.position_wait_ms, next_ask_);
  if (!question) return;
  ++next_ask_;
  actions_.emplace_back(std::move(*question));
}

}  // namespace rmq::election
