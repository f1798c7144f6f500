// The requests, with the codes and the order of checks of the original where it has them (ReplicasInfoManager and
// DefaultBrokerHeartbeatManager of release 5.5.0). Rules 1, 2, 5 and 7 of docs/replication.md, "The Controller's
// rules".
#include <algorithm>
#include <limits>

#include "common/protocol/codes.h"
#include "operator/election/group_controller.h"

namespace rmq::election {

using Code = protocol::ResponseCode;

namespace {

bool usable_id(ReplicaId id) {
  return id >= 1 && id <= kMaxReplicaId;
}

bool usable_text(const std::string& text) {
  return !text.empty() && text.size() <= kMaxStateText;
}

Answer ok(RequestId id) {
  Answer out;
  out.request = id;
  return out;
}

std::string text(ReplicaId id) {
  return std::to_string(id);
}

}  // namespace

void GroupController::handle(Now now, const Pending& pending) {
  std::visit([&](const auto& request) { handle(now, pending, request); }, pending.request);
}

void GroupController::handle(Now, const Pending& p, const NextIdRequest&) {
  auto out = ok(p.id);
  out.next_id = state_ ? state_->max_id + 1 : 1;
  answer(std::move(out));
}

void GroupController::handle(Now, const Pending& p, const ApplyIdRequest& r) {
  if (!usable_id(r.id) || !usable_text(r.check_code)) {
    return refuse(p.id, Code::kControllerBrokerIdInvalid, "no usable id and check code");
  }
  if (!state_ && r.id != 1) {
    return refuse(p.id, Code::kControllerBrokerIdInvalid, name_ + " has no brokers yet, its first id is 1");
  }
  auto next = state_.value_or(GroupState{.cluster = cluster_, .name = name_});
  const auto found = next.replicas.find(r.id);
  if (found != next.replicas.end()) {
    if (found->second.check_code == r.check_code) return answer(ok(p.id));
    return refuse(p.id, Code::kControllerBrokerIdInvalid, "id " + text(r.id) + " of " + name_ + " is taken");
  }
  // Nobody was told a greater one: taking it would burn all ids up to it.
  if (r.id > next.max_id + 1) {
    return refuse(p.id, Code::kControllerBrokerIdInvalid, "the next id of " + name_ + " is " + text(next.max_id + 1));
  }
  if (next.replicas.size() >= kMaxReplicas) {
    return refuse(p.id, Code::kControllerBrokerIdInvalid, name_ + " has too many replicas");
  }
  next.max_id = std::max(next.max_id, r.id);
  next.replicas[r.id] = Replica{r.check_code.substr(0, r.check_code.find(';')), r.check_code, {}, false, false};
  write(std::move(next), {ok(p.id)}, p);
}

void GroupController::handle(Now now, const Pending& p, const RegisterRequest& r) {
  if (!usable_id(r.id) || !usable_text(r.address) || r.boot_id.size() > kMaxStateText) {
    return refuse(p.id, Code::kControllerInvalidRequest, "no usable id, address and boot id");
  }
  // The object is lost or was never filled, but the brokers have their ids: they are taken over as they come.
  const bool adopt = !known_new() && (!state_ || state_->master_epoch == 0);
  if (!adopt && (!state_ || !state_->replicas.contains(r.id))) {
    return refuse(p.id, Code::kControllerBrokerNeedToBeRegistered,
                  "id " + text(r.id) + " of " + name_ + " is not known, apply for one");
  }
  auto next = state_.value_or(GroupState{.cluster = cluster_, .name = name_});
  if (!next.replicas.contains(r.id) && next.replicas.size() >= kMaxReplicas) {
    return refuse(p.id, Code::kControllerBrokerIdInvalid, name_ + " has too many replicas");
  }
  // A new life: what the former one answered or reported is void.
  if (!liveness_.registered(r.id, now.ms, p.connection)) {
    return refuse(p.id, Code::kControllerInvalidRequest, "its connection is closed");  // a former life, late
  }
  suspects_.registered(r.id);
  if (round_) {
    round_->forget(r.id);
    round_->returned(r.id);
  }

  auto& replica = next.replicas[r.id];
  next.max_id = std::max(next.max_id, r.id);
  const bool new_boot = !replica.boot_id.empty() && !r.boot_id.empty() && replica.boot_id != r.boot_id;
  replica.address = r.address;
  replica.ours = r.ours;
  replica.boot_id = r.boot_id;
  // It stays a member: what it had acknowledged is missed by whoever counts without it, and when all machines lost
  // power the furthest of all is wanted. (One that is no member may be made one by a proposal of before.)
  if (new_boot && policy_.async_flush) replica.suspect = true;
  if (next.master == r.id) {
    next.previous_master = r.id;
    next.master.reset();
    no_master_reason_ = "master " + text(r.id) + " started anew";
  }
  Actions then;
  if (state_ && next == *state_) {
    answer_registered(now, p, r, then);
    return answer(std::get<Answer>(std::move(then.front())));
  }
  const auto before = std::exchange(state_, next);  // the answer is about the state as it will be written
  answer_registered(now, p, r, then);
  state_ = before;
  write(std::move(next), std::move(then), p);
}

void GroupController::answer_registered(Now now, const Pending& p, const RegisterRequest& r, Actions& to) const {
  auto out = ok(p.id);
  out.set_epoch = state_->sync_set_epoch;
  out.sync_set = protocol::SyncStateSet{state_->sync_set, state_->sync_set_epoch};
  // Only a master that will stay one: following one that is being replaced costs a broker its first seconds.
  if (state_->master && !round_ && liveness_.alive(*state_->master, now.ms)) {
    out.master = state_->master;
    out.master_address = std::string(state_->master_address());
    out.master_epoch = state_->master_epoch;
  }
  if (r.ours) out.lease_ms = policy_.lease_ms;
  to.emplace_back(std::move(out));
}

bool GroupController::may_grant_lease(const HeartbeatRequest& r) const {
  if (!state_ || state_->master != r.id || !r.ours || r.epoch != state_->master_epoch) return false;
  if (round_ || uncertain_) return false;
  if (stale_ || epoch_floor_ > state_->master_epoch) return false;  // an election is due
  return !write_ || (write_->next && write_->next->master == r.id);
}

void GroupController::hear_of_epochs(const HeartbeatRequest& r) {
  const auto plausible = [&](std::int32_t epoch) {
    return epoch > state_->master_epoch && epoch <= kMaxPlausibleEpoch;
  };
  if (r.promised_epoch && plausible(*r.promised_epoch)) epoch_floor_ = std::max(epoch_floor_, *r.promised_epoch);
  if (state_->master_epoch > 0 && plausible(r.epoch)) {
    epoch_floor_ = std::max(epoch_floor_, r.epoch + 1);
    // Or this Controller is not the leader any more: the compare-and-swap of the election tells.
    stale_ = true;
  }
}

void GroupController::handle(Now now, const Pending& p, const HeartbeatRequest& said) {
  auto out = ok(p.id);
  auto r = said;
  if (r.epoch == -1) r.epoch = 0;  // a stock broker whose log has no epoch yet
  if (state_ && state_->replicas.contains(r.id) && r.epoch >= 0 && r.end >= 0 &&
      liveness_.heartbeat(r, now.ms, p.connection)) {
    hear_of_epochs(r);
    if (may_grant_lease(r)) {
      out.lease_ms = policy_.lease_ms;
      lease_given_ms_ = now.ms;
    }
    // It has not heard of its election: 1008 may be lost.
    if (state_->master == r.id && r.epoch < state_->master_epoch && !round_ && !write_) {
      actions_.emplace_back(Notify{r.id,
                                   std::string(state_->master_address()),
                                   r.id,
                                   std::string(state_->master_address()),
                                   state_->master_epoch,
                                   {state_->sync_set, state_->sync_set_epoch}});
    }
  }
  answer(std::move(out));
}

void GroupController::handle(Now now, const Pending& p, const AlterSyncSetRequest& r) {
  const auto reject = [&](std::int32_t code, const std::string& why) {
    refuse(p.id, code, "the sync set of " + name_ + " stays: " + why);
  };
  if (!state_) return reject(Code::kControllerAlterSyncStateSetFailed, "nothing is known of the group");
  const auto& state = *state_;
  if (r.members == state.sync_set && state.master == r.master && state.master_epoch == r.master_epoch &&
      std::int64_t{r.set_epoch} + 1 == state.sync_set_epoch) {
    auto out = ok(p.id);  // granted before, and the answer was lost
    out.set_epoch = state.sync_set_epoch;
    out.sync_set = protocol::SyncStateSet{state.sync_set, state.sync_set_epoch};
    return answer(std::move(out));
  }
  if (r.members == state.sync_set) return reject(Code::kControllerAlterSyncStateSetFailed, "it is that already");
  if (state.master != r.master) {
    return reject(Code::kControllerInvalidMaster,
                  "the master is " + (state.master ? text(*state.master) : "nobody") + ", not " + text(r.master));
  }
  if (r.master_epoch != state.master_epoch) {
    return reject(Code::kControllerFencedMasterEpoch, "the epoch is " + text(state.master_epoch));
  }
  if (r.set_epoch != state.sync_set_epoch) {
    return reject(Code::kControllerFencedSyncStateSetEpoch, "its epoch is " + text(state.sync_set_epoch));
  }
  // Who was asked for its position must still be who may be elected.
  if (round_) return reject(Code::kControllerFencedMasterEpoch, "an election is under way");
  std::size_t added = 0;
  for (const auto id : r.members) {
    if (!state.replicas.contains(id)) return reject(Code::kControllerInvalidReplicas, text(id) + " is not known");
    if (state.sync_set.contains(id)) continue;
    ++added;
    // A new leader has not heard of all yet: the master has, or it would not propose it.
    if (liveness_.dead(id, now.ms)) return reject(Code::kControllerBrokerNotAlive, text(id) + " is not alive");
  }
  if (!r.members.contains(r.master)) {
    return reject(Code::kControllerAlterSyncStateSetFailed, "the master must be in it");
  }
  if (policy_.mode == Mode::kQuorum) {
    const auto n = static_cast<std::size_t>(std::max(policy_.expected_replicas, 1));
    if (r.members.size() > n) return reject(Code::kControllerAlterSyncStateSetFailed, "more members than voters");
    std::size_t removed = 0;
    for (const auto id : state.sync_set) {
      if (r.members.contains(id)) continue;
      ++removed;
      if (!liveness_.dead(id, now.ms)) return reject(Code::kControllerAlterSyncStateSetFailed, text(id) + " may vote");
    }
    if (removed > 1 || (removed == 1 && added != 1)) {
      return reject(Code::kControllerAlterSyncStateSetFailed, "a dead voter leaves only for a new one, one at a time");
    }
  }
  if (state.sync_set_epoch == std::numeric_limits<std::int32_t>::max()) {
    return reject(Code::kControllerAlterSyncStateSetFailed, "its epochs are used up");
  }
  auto next = state;
  next.sync_set = r.members;
  ++next.sync_set_epoch;
  // It names the last set's epoch, so it lived to see that.
  next.leaving.clear();
  if (policy_.mode == Mode::kSync) {
    for (const auto id : state.sync_set) {
      if (!r.members.contains(id)) next.leaving.insert(id);
    }
  }
  auto out = ok(p.id);
  out.set_epoch = next.sync_set_epoch;
  out.sync_set = protocol::SyncStateSet{next.sync_set, next.sync_set_epoch};
  write(std::move(next), {std::move(out)}, p);
}

void GroupController::handle(Now now, const Pending& p, const ElectMasterRequest& r) {
  if (!state_) {
    return refuse(p.id, Code::kControllerBrokerNeedToBeRegistered, name_ + " has no brokers yet");
  }
  if (waiters_.size() >= kMaxPending) return refuse(p.id, Code::kSystemBusy, "the Controller is busy with " + name_);
  const auto wait = [&] { waiters_.push_back({p.id, r, now.ms + policy_.elect_answer_ms}); };
  const auto fail = [&](const std::string& why) { refuse(p.id, Code::kControllerElectMasterFailed, why); };
  const bool known = state_->replicas.contains(r.id);
  if ((r.designate || r.resign) && !known) return fail(text(r.id) + " is not known");
  if (r.resign && state_->master != r.id) {
    return refuse(p.id, Code::kControllerInvalidMaster, text(r.id) + " is not master");
  }
  if (r.resign && r.resign_epoch.value_or(state_->master_epoch) != state_->master_epoch) {
    return refuse(p.id, Code::kControllerFencedMasterEpoch, "the epoch is " + text(state_->master_epoch));
  }
  if (r.resign && !round_) {
    if (write_ || !can_elect(now, r.id)) return fail("nobody can take over from " + text(r.id));
    wait();
    return start_round(now, RoundKind::kResign, "master " + text(r.id) + " resigned", r.id);
  }
  const bool living_master = state_->master && !liveness_.dead(*state_->master, now.ms);
  if (living_master && !round_) {
    const bool other = r.designate && r.id != *state_->master;
    if (!other) {
      auto out = master_answer(p.id, Code::kControllerMasterStillExist, false);
      out.remark = text(*state_->master) + " is master and lives";
      return answer(std::move(out));
    }
    if (write_) return refuse(p.id, Code::kSystemBusy, "a change of " + name_ + " is under way");
    if (!state_->sync_set.contains(r.id)) return fail(text(r.id) + " is not in the sync set");
    if (!liveness_.alive(r.id, now.ms)) return fail(text(r.id) + " is not alive");
    wait();
    return start_round(now, RoundKind::kPlanned, text(r.id) + " was designated", r.id);
  }
  wait();  // for the election that is under way, or the next that can be held
}

void GroupController::handle(Now, const Pending& p, const ReplicaInfoRequest&) {
  if (!state_) return refuse(p.id, Code::kControllerBrokerMetadataNotExist, "nothing is known of " + name_);
  auto out = ok(p.id);
  out.master = state_->master;
  out.master_address = std::string(state_->master_address());
  out.master_epoch = state_->master_epoch;
  out.sync_set = protocol::SyncStateSet{state_->sync_set, state_->sync_set_epoch};
  answer(std::move(out));
}

void GroupController::handle(Now now, const Pending& p, const SyncStateRequest&) {
  auto out = ok(p.id);
  if (state_) {
    auto& info = out.replicas.emplace();
    info.master_broker_id = state_->master;
    info.master_address = std::string(state_->master_address());
    info.master_epoch = state_->master_epoch;
    info.sync_state_set_epoch = state_->sync_set_epoch;
    for (const auto& [id, replica] : state_->replicas) {
      auto& list = state_->sync_set.contains(id) ? info.in_sync_replicas : info.not_in_sync_replicas;
      list.push_back({liveness_.alive(id, now.ms), replica.address, id, name_});
    }
  }
  answer(std::move(out));
}

void GroupController::handle(Now now, const Pending& p, const CleanRequest& r) {
  const auto reject = [&](const std::string& why) {
    refuse(p.id, Code::kControllerInvalidCleanBrokerMetadata, name_ + " is not cleaned: " + why);
  };
  if (!state_) return reject("nothing is known of it");
  if (!r.living_too && r.ids.empty() && state_->master) return reject("it has a master");
  if (round_) return reject("an election is under way");
  auto next = *state_;
  for (const auto id : r.ids) {
    if (!r.living_too && liveness_.alive(id, now.ms)) return reject(text(id) + " is alive");
    // The number of answers an election needs counts on who voted: a dead voter is replaced by its master (1001).
    if (policy_.mode == Mode::kQuorum && next.sync_set.contains(id) && !r.living_too)
      return reject(text(id) + " votes");
    next.replicas.erase(id);
    next.sync_set.erase(id);
    next.leaving.erase(id);
    if (next.master == id) next.master.reset();
  }
  const bool all = r.ids.empty() || next.replicas.empty();
  if (!all && next == *state_) return answer(ok(p.id));
  if (!all && next.sync_set.empty() && !state_->sync_set.empty() && !r.living_too) {
    return reject("no member of the sync set would be left");
  }
  for (const auto& [id, replica] : state_->replicas) {
    if (all || !next.replicas.contains(id)) liveness_.forget(id);
  }
  write(all ? std::nullopt : std::optional(std::move(next)), {ok(p.id)}, p);
}

void GroupController::handle(Now, const Pending& p, const UpdateAddressRequest& r) {
  if (!state_ || !state_->replicas.contains(r.id)) {
    return refuse(p.id, Code::kControllerBrokerMetadataNotExist, text(r.id) + " is not known");
  }
  if (!usable_text(r.address)) return refuse(p.id, Code::kControllerInvalidRequest, "no usable address");
  if (state_->address_of(r.id) == r.address) return answer(ok(p.id));
  auto next = *state_;
  next.replicas.at(r.id).address = r.address;
  write(std::move(next), {ok(p.id)}, p);
}

}  // namespace rmq::election
