#include "broker/replication/membership/machine.h"

#include <algorithm>

#include "common/base/log.h"
#include "common/protocol/codes.h"

namespace rmq::replication {

using protocol::ResponseCode;

std::string_view to_string(Step step) {
  switch (step) {
    case Step::kWait: return "wait";
    case Step::kFindLeader: return "find leader";
    case Step::kNextId: return "next id";
    case Step::kSaveTemporary: return "save temporary identity";
    case Step::kApplyId: return "apply for id";
    case Step::kSaveIdentity: return "save identity";
    case Step::kRegister: return "register";
    case Step::kElect: return "elect";
    case Step::kReplicaInfo: return "replica info";
  }
  return "?";
}

Machine::Machine(MachineOptions options, std::optional<BrokerIdentity> identity,
                 std::optional<BrokerIdentity> temporary)
    : options_(std::move(options)) {
  if (identity) {
    identity_ = std::move(*identity);
    phase_ = Phase::kHasId;
    has_file_ = true;
  } else if (temporary && !temporary->check_code.empty()) {
    identity_ = std::move(*temporary);
    phase_ = Phase::kTemporarySaved;
  }
}

std::optional<BrokerId> Machine::own_id() const {
  return has_file_ ? std::optional(identity_.id) : std::nullopt;
}

void Machine::begin_identity(std::int64_t wall_ms) {
  identity_.cluster = options_.cluster;
  identity_.name = options_.name;
  identity_.check_code = options_.address + ";" + std::to_string(wall_ms);
}

Step Machine::step_of_phase(std::int64_t now_ms) const {
  switch (phase_) {
    case Phase::kNoId: return Step::kNextId;
    case Phase::kIdKnown: return Step::kSaveTemporary;
    case Phase::kTemporarySaved: return Step::kApplyId;
    case Phase::kIdGranted: return Step::kSaveIdentity;
    case Phase::kHasId: return must_remember_ ? Step::kApplyId : Step::kRegister;
    case Phase::kRegistered: break;
  }
  if (masterless_ && now_ms >= elect_at_) return Step::kElect;
  if (now_ms >= poll_at_) return Step::kReplicaInfo;
  return now_ms >= find_at_ ? Step::kFindLeader : Step::kWait;
}

Step Machine::next(std::int64_t now_ms, std::int64_t wall_ms) {
  if (busy_ || now_ms < retry_at_) return Step::kWait;
  const auto step = leader_.empty() ? Step::kFindLeader : step_of_phase(now_ms);
  if (step == Step::kSaveTemporary || (step == Step::kApplyId && must_remember_)) begin_identity(wall_ms);
  busy_ = step != Step::kWait;
  return step;
}

std::int64_t Machine::wake_ms() const {
  if (busy_) return INT64_MAX;
  if (leader_.empty() || phase_ != Phase::kRegistered) return retry_at_;
  const auto due = std::min({poll_at_, find_at_, masterless_ ? elect_at_ : INT64_MAX});
  return std::max(due, retry_at_);
}

void Machine::take(const GroupView& view) {
  masterless_ = !view.master;
  if (!view.master) return;  // who was master goes on as long as its lease lasts
  const bool newer = view.master_epoch > view_.master_epoch ||
                     (view.master_epoch == view_.master_epoch && view.set_epoch > view_.set_epoch);
  const bool moved = view.master_epoch == view_.master_epoch && view.set_epoch == view_.set_epoch &&
                     view.master == view_.master && view.master_address != view_.master_address;
  if (!newer && !moved) return;
  view_ = view;
  ++view_version_;
}

void Machine::on_notified(const GroupView& view, std::int64_t now_ms) {
  // Perhaps meant for this broker's former life: what counts is what the Controller says once it knows of the new one.
  if (phase_ != Phase::kRegistered) {
    notified_epoch_ = std::max(notified_epoch_, view.master_epoch);
    return;
  }
  if (!view.master) return look_again(now_ms);
  take(view);
}

void Machine::on_leader_lost(const std::string& leader, std::int64_t now_ms) {
  if (leader != leader_ || leader.empty()) return;
  leader_.clear();
  if (!busy_) retry_at_ = std::min(retry_at_, now_ms);
}

void Machine::on_unknown(std::int64_t now_ms) {
  if (phase_ != Phase::kRegistered) return;
  phase_ = Phase::kHasId;
  retry_at_ = now_ms + options_.retry_ms;
}

void Machine::on_failure(Step step, const StepResult& result, std::int64_t now_ms) {
  log::warn("controller", {{"step", to_string(step)}, {"leader", leader_}, {"error", *result.error}});
  retry_at_ = now_ms + options_.retry_ms;
  if (step != Step::kSaveTemporary && step != Step::kSaveIdentity && step != Step::kFindLeader) leader_.clear();
}

void Machine::on_refusal(Step step, const StepResult& result, std::int64_t now_ms) {
  log::info("controller refused", {{"step", to_string(step)}, {"code", result.code}, {"remark", result.remark}});
  retry_at_ = now_ms + options_.retry_ms;
  switch (result.code) {
    case ResponseCode::kControllerNotLeader: leader_.clear(); return;
    case ResponseCode::kControllerBrokerIdInvalid:
      // Somebody else was quicker: the next number, at once. An id that was granted before is never given up.
      if (step != Step::kApplyId) return;
      if (has_file_) {
        log::error("the Controller gave this broker's id to another", {{"id", identity_.id}});
        return;
      }
      phase_ = Phase::kNoId;
      retry_at_ = now_ms;
      return;
    case ResponseCode::kControllerBrokerNeedToBeRegistered:
    case ResponseCode::kControllerBrokerMetadataNotExist:
      if (step == Step::kRegister) {
        must_remember_ = true;
      } else if (phase_ == Phase::kRegistered) {
        phase_ = Phase::kHasId;
      }
      return;
    default: break;
  }
  if (step != Step::kElect) return;
  retry_at_ = now_ms;  // looking goes on; the next try takes its time
  elect_at_ = now_ms + options_.masterless_poll_ms;
  poll_at_ = std::min(poll_at_, now_ms + options_.masterless_poll_ms / 2);
}

void Machine::on_result(Step step, const StepResult& result, std::int64_t now_ms) {
  busy_ = false;
  if (result.error) return on_failure(step, result, now_ms);
  const bool still_there = step == Step::kElect && result.code == ResponseCode::kControllerMasterStillExist;
  if (result.code != ResponseCode::kSuccess && !still_there) return on_refusal(step, result, now_ms);
  retry_at_ = now_ms;
  switch (step) {
    case Step::kWait: break;
    case Step::kFindLeader:
      find_at_ = now_ms + options_.find_leader_ms;
      if (!result.leader.empty() && result.leader != leader_) {
        log::info("controller", {{"leader", result.leader}});
        leader_ = result.leader;
      }
      if (leader_.empty()) retry_at_ = now_ms + options_.retry_ms;
      break;
    case Step::kNextId:
      identity_.id = result.next_id;
      phase_ = Phase::kIdKnown;
      break;
    case Step::kSaveTemporary: phase_ = Phase::kTemporarySaved; break;
    case Step::kApplyId:
      must_remember_ = false;
      if (!has_file_) phase_ = Phase::kIdGranted;
      break;
    case Step::kSaveIdentity:
      has_file_ = true;
      phase_ = Phase::kHasId;
      break;
    case Step::kRegister:
      phase_ = Phase::kRegistered;
      elect_at_ = now_ms;
      poll_at_ = notified_epoch_ > (result.view ? result.view->master_epoch : 0) ? now_ms : now_ms + options_.poll_ms;
      if (result.view) take(*result.view);
      break;
    case Step::kElect:
    case Step::kReplicaInfo:
      if (result.view) take(*result.view);
      if (step == Step::kElect && masterless_) elect_at_ = now_ms + options_.masterless_poll_ms;
      poll_at_ = now_ms + (masterless_ ? options_.masterless_poll_ms : options_.poll_ms);
      break;
  }
}

}  // namespace rmq::replication
