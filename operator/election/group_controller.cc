#include "operator/election/group_controller.h"

#include <algorithm>
#include <utility>

#include "common/protocol/codes.h"

namespace rmq::election {

using Code = protocol::ResponseCode;

namespace {

constexpr int kMaxTries = 5;

bool writes(const Request& request) {
  return std::holds_alternative<ApplyIdRequest>(request) || std::holds_alternative<RegisterRequest>(request) ||
         std::holds_alternative<AlterSyncSetRequest>(request) || std::holds_alternative<CleanRequest>(request) ||
         std::holds_alternative<UpdateAddressRequest>(request);
}

}  // namespace

GroupController::GroupController(Policy policy, std::string cluster, std::string name, std::optional<GroupState> loaded,
                                 std::int64_t leader_since_ms)
    : policy_(policy),
      cluster_(std::move(cluster)),
      name_(std::move(name)),
      state_(std::move(loaded)),
      leader_since_ms_(leader_since_ms),
      liveness_(leader_since_ms, policy.heartbeat_timeout_ms),
      lease_given_ms_(leader_since_ms) {}

void GroupController::set_policy(const Policy& policy) {
  policy_ = policy;
  liveness_.set_timeout(policy.heartbeat_timeout_ms);
}

Actions GroupController::on_request(Now now, RequestId id, Connection connection, const Request& request) {
  Pending pending{id, connection, request};
  if (writes(request) && (write_ || uncertain_ || !pending_.empty())) {
    if (pending_.size() >= kMaxPending) {
      refuse(id, Code::kSystemBusy, "the Controller is busy with " + name_);
    } else {
      pending_.push_back(std::move(pending));
    }
  } else {
    handle(now, pending);
  }
  return finish(now);
}

Actions GroupController::on_tick(Now now) {
  return finish(now);
}

Actions GroupController::on_connection_closed(Now now, ReplicaId id, Connection connection) {
  if (liveness_.closed(id, connection) && state_ && state_->replicas.contains(id) && !liveness_.taken_for_dead(id)) {
    actions_.emplace_back(Probe{id, std::string(state_->address_of(id)), connection});
  }
  return finish(now);
}

Actions GroupController::on_process_dead(Now now, ReplicaId id, const std::string& evidence) {
  if (state_ && state_->replicas.contains(id)) liveness_.process_dead(id, evidence);
  return finish(now);
}

Actions GroupController::on_process_suspected(Now now, ReplicaId id, const std::string& evidence) {
  if (state_ && state_->replicas.contains(id)) liveness_.process_suspected(id, evidence);
  return finish(now);
}

Actions GroupController::on_position(Now now, std::uint64_t ask, const std::optional<Position>& position) {
  if (state_) suspects_.on_position(*state_, ask, position);
  if (round_) {
    const auto id = round_->asked(ask);
    auto usable = position;
    if (usable && (usable->last_epoch < 0 || usable->last_epoch > kMaxPlausibleEpoch || usable->end < 0)) {
      usable.reset();
    }
    if (id && usable) {
      liveness_.answered(*id, now.ms);
      // Only the state that was lost or set back has such replicas: the new epoch must be beyond theirs.
      if (usable->last_epoch >= round_->about().epoch) {
        epoch_floor_ = std::max(epoch_floor_, usable->last_epoch + 1);
        round_->raise_epoch(epoch_floor_);
        return finish(now);
      }
    }
    round_->on_answer(ask, usable, now.ms);
  }
  return finish(now);
}

Actions GroupController::on_written(Now now, WriteResult result, std::optional<GroupState> actual) {
  if (!write_) return finish(now);
  // A write whose answer was lost is found as a conflict with itself.
  if (result == WriteResult::kOk || (result == WriteResult::kConflict && actual == write_->next)) {
    written(now);
    return finish(now);
  }
  auto failed = std::exchange(write_, std::nullopt).value();
  if (result == WriteResult::kConflict) {
    uncertain_ = false;
    suspects_.reset();
    if (round_) drop_round();
    if (state_ && !actual) lost_ = true;  // whoever removed it: its brokers are not new
    // An election of another, or ours whose answer was lost.
    const bool elected = actual && actual->master && (!state_ || actual->master_epoch > state_->master_epoch);
    state_ = std::move(actual);
    lease_given_ms_ = now.ms;  // another may have led, and granted
    if (elected) {
      notify_all(*state_, actions_);
      answer_waiters();
    }
  } else {
    uncertain_ = true;
    retry_at_ms_ = now.ms + policy_.retry_ms;
  }
  // Run anew once it is known what is stored: an answer of failure might be wrong, and a master that believes it
  // forgets a member that counts.
  if (failed.again && ++failed.again->tries <= kMaxTries) {
    pending_.push_front(std::move(*failed.again));
  } else if (failed.again) {
    refuse(failed.again->id, Code::kSystemError, "the state of " + name_ + " could not be written");
  }
  return finish(now);
}

void GroupController::written(Now now) {
  auto done = std::exchange(write_, std::nullopt).value();
  uncertain_ = false;
  state_ = std::move(done.next);
  std::move(done.then.begin(), done.then.end(), std::back_inserter(actions_));
  if (!state_) {
    round_.reset();
    return;
  }
  if (done.outcome) {
    round_.reset();
    if (state_->master) {
      lease_given_ms_ = now.ms;
      stale_ = false;
      no_master_reason_.clear();
    }
    answer_waiters();
  }
}

void GroupController::write(std::optional<GroupState> next, Actions then, std::optional<Pending> again, bool outcome) {
  actions_.emplace_back(Write{next.value_or(GroupState{}), !next.has_value()});
  write_ = WriteUnderWay{std::move(next), std::move(then), std::move(again), outcome};
}

void GroupController::refuse(RequestId id, std::int32_t code, std::string remark) {
  Answer refusal;
  refusal.request = id;
  refusal.code = code;
  refusal.remark = std::move(remark);
  answer(std::move(refusal));
}

Actions GroupController::finish(Now now) {
  while (!write_ && !uncertain_ && !pending_.empty()) {
    const auto next = std::move(pending_.front());
    pending_.pop_front();
    handle(now, next);
  }
  if (!write_ && !uncertain_) clear_suspects(now);
  progress_elections(now);
  if (!write_ && uncertain_ && now.ms >= retry_at_ms_) {
    if (state_) {
      write(state_, {}, std::nullopt);  // changes nothing, but tells what is stored
    } else {
      uncertain_ = false;  // nothing a lease could be granted for, and what is created anew conflicts
      return finish(now);
    }
  }
  expire_waiters(now);
  return std::exchange(actions_, {});
}

void GroupController::expire_waiters(Now now) {
  std::erase_if(waiters_, [&](const Waiter& waiter) {
    if (now.ms < waiter.until_ms) return false;
    refuse(waiter.id, waiter.request.id < 0 ? Code::kControllerMasterNotAvailable : Code::kControllerElectMasterFailed,
           "no master of " + name_ + " was elected in time");
    return true;
  });
}

std::int64_t GroupController::next_wakeup_ms(Now now) const {
  std::int64_t wake = now.ms + policy_.heartbeat_timeout_ms;
  const auto at = [&](std::int64_t ms) { wake = std::min(wake, std::max(ms, now.ms + 1)); };
  for (const auto& waiter : waiters_) at(waiter.until_ms);
  if (uncertain_ || now.ms < retry_at_ms_) at(retry_at_ms_);
  if (round_ && !write_) at(round_wake_ms_);
  if (state_) {
    for (const auto& [id, replica] : state_->replicas) {
      const auto dead_at = liveness_.dead_at(id);
      if (dead_at > now.ms) at(dead_at);
    }
  }
  return wake;
}

std::vector<ReplicaStatus> GroupController::status(Now now) const {
  std::vector<ReplicaStatus> out;
  if (!state_) return out;
  const auto* master = state_->master ? liveness_.facts(*state_->master) : nullptr;
  for (const auto& [id, replica] : state_->replicas) {
    ReplicaStatus one{id, replica.address, liveness_.alive(id, now.ms), state_->sync_set.contains(id),
                      state_->master == id};
    if (const auto* facts = liveness_.facts(id)) {
      one.heartbeat_age_ms = now.ms - facts->heard_ms;
      one.end = facts->end;
      if (master != nullptr && master->reported && facts->reported)
        one.lag = std::max<std::int64_t>(0, master->end - facts->end);
    }
    out.push_back(std::move(one));
  }
  return out;
}

Answer GroupController::master_answer(RequestId id, std::int32_t code, bool with_group) const {
  Answer out;
  out.request = id;
  out.code = code;
  out.master = state_->master;
  out.master_address = std::string(state_->master_address());
  out.master_epoch = state_->master_epoch;
  out.set_epoch = state_->sync_set_epoch;
  out.elected.emplace().sync_state_set = state_->sync_set;
  if (with_group) {
    auto& group = out.elected->group.emplace();
    group.cluster = state_->cluster;
    group.broker_name = state_->name;
    for (const auto& [replica_id, replica] : state_->replicas) group.broker_addrs[replica_id] = replica.address;
  }
  return out;
}

}  // namespace rmq::election
