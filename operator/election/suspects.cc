#include "operator/election/suspects.h"

#include <string>
#include <utility>

namespace rmq::election {

void Suspects::registered(ReplicaId id) {
  progress_.erase(id);
  if (!ask_) return;
  ask_->about.erase(id);
  if (ask_->id == id) ask_.reset();
}

void Suspects::reset() {
  progress_.clear();
  ask_.reset();
  seen_set_epoch_ = 0;
}

std::optional<AskPosition> Suspects::ask(const GroupState& state, const Liveness& liveness, std::int64_t now_ms,
                                         std::int64_t wait_ms, std::uint64_t number) {
  if (!state.master) return std::nullopt;
  if (epoch_ != state.master_epoch) reset();
  epoch_ = state.master_epoch;
  std::erase_if(progress_, [&](const auto& one) {
    const auto replica = state.replicas.find(one.first);
    return replica == state.replicas.end() || !replica->second.suspect;
  });
  if (now_ms < not_before_ms_) return std::nullopt;
  Ask next{number, state.leaving.empty() ? 0 : *state.master, {}, state.sync_set_epoch};
  for (const auto& [id, replica] : state.replicas) {
    if (!replica.suspect || id == state.master || !liveness.alive(id, now_ms)) continue;
    const auto known = progress_.find(id);
    const auto* facts = liveness.facts(id);
    if (known == progress_.end()) {
      if (next.id != *state.master) next.about.clear();  // what the master says goes first
      next.id = *state.master;
      next.about.insert(id);
    } else if (next.id == 0 && !known->second.reached && facts->reported && facts->epoch == state.master_epoch &&
               facts->end >= known->second.target) {
      next.id = id;
      next.about.insert(id);
    }
  }
  if (next.id == 0) return std::nullopt;
  not_before_ms_ = now_ms + wait_ms;
  AskPosition question{number, next.id, std::string(state.address_of(next.id)), std::nullopt};
  ask_ = std::move(next);
  return question;
}

void Suspects::on_position(const GroupState& state, std::uint64_t ask, const std::optional<Position>& position) {
  if (!ask_ || ask_->number != ask) return;
  const auto asked = std::exchange(ask_, std::nullopt).value();
  if (!position || position->last_epoch != epoch_ || state.master_epoch != epoch_) return;
  if (asked.id == state.master) seen_set_epoch_ = asked.set_epoch;
  for (const auto id : asked.about) {
    if (asked.id != id) {
      progress_[id] = {position->end, false};
    } else if (const auto known = progress_.find(id); known != progress_.end()) {
      known->second.reached = known->second.reached || position->end >= known->second.target;
    }
  }
}

bool Suspects::shrink_seen(const GroupState& state) const {
  return state.master && state.master_epoch == epoch_ && !state.leaving.empty() &&
         seen_set_epoch_ == state.sync_set_epoch;
}

std::set<ReplicaId> Suspects::cleared(const GroupState& state) const {
  std::set<ReplicaId> ids;
  if (!state.master || state.master_epoch != epoch_) return ids;
  for (const auto& [id, progress] : progress_) {
    const auto replica = state.replicas.find(id);
    if (progress.reached && replica != state.replicas.end() && replica->second.suspect) ids.insert(id);
  }
  return ids;
}

}  // namespace rmq::election
