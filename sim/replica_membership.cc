// A replica and the Controller: id, registration, heartbeats, what it hears about the group.
#include <utility>

#include "sim/replica.h"
#include "sim/world.h"

namespace rmq::sim {

void Replica::request(election::Request request, std::function<void(const election::Answer&)> reply, bool may_double) {
  world_.controller.request(
      place_, std::move(request),
      [this, incarnation = incarnation_, reply = std::move(reply)](const election::Answer& answer) {
        here(incarnation, [reply, answer] { reply(answer); });
      },
      may_double);
}

void Replica::join() {
  if (local_now() < joining_until_) return;
  joining_until_ = local_now() + 1000;
  if (disk_.id == 0) {
    request(election::NextIdRequest{}, [this](const election::Answer& next) {
      if (disk_.id != 0 || next.code != 0 || !next.next_id) return;
      const ReplicaId wanted = *next.next_id;
      const std::string code = name() + "-" + std::to_string(world_.next_id());
      request(election::ApplyIdRequest{wanted, code}, [this, wanted](const election::Answer& applied) {
        if (disk_.id != 0 || applied.code != 0) return;
        disk_.id = wanted;
        joining_until_ = 0;
      });
    });
    return;
  }
  election::RegisterRequest registration{disk_.id, name(), true,
                                         "boot-" + std::to_string(place_) + "-" + std::to_string(boot_)};
  request(registration, [this, sent = local_now(), attempt = ++joins_](const election::Answer& answer) {
    if (registered_ || attempt != joins_) return;  // nobody waits for an earlier one's answer any more
    if (answer.code != 0) {
      world_.trace(name(), "registration refused: ", answer.code, " ", answer.remark);
      return;
    }
    registered_ = true;
    registered_epoch_ = answer.master_epoch.value_or(0);
    world_.trace(name(), "registered as ", disk_.id, ", master ", answer.master.value_or(0), " of epoch ",
                 registered_epoch_);
    see(view_of(answer), true);
    if (rules_ && answer.lease_ms) rules_->heartbeat_answered(sent, *answer.lease_ms, local_now());
    send_heartbeat();
  });
}

void Replica::send_heartbeat() {
  election::HeartbeatRequest heartbeat;
  heartbeat.id = disk_.id;
  heartbeat.address = name();
  heartbeat.epoch = std::max(0, disk_.epochs.last_epoch());
  heartbeat.end = end_bytes();
  heartbeat.confirm = confirm_ * world_.plan.entry_bytes;
  heartbeat.timeout_ms = world_.plan.heartbeat_timeout;
  heartbeat.ours = true;
  heartbeat.promised_epoch = slave_rules_->durable().promised_epoch;
  request(
      heartbeat,
      [this, sent = local_now(), led = epoch()](const election::Answer& answer) {
        if (answer.code != 0) {
          world_.trace(name(), "heartbeat refused: ", answer.code, " ", answer.remark);
          if (!registered_) return;
          registered_ = false;
          if (role_ == Role::kMaster) step_down("not registered");
          return;
        }
        if (rules_ && epoch() == led && answer.lease_ms) {
          rules_->heartbeat_answered(sent, *answer.lease_ms, local_now());
          pump();
        }
      },
      true);
}

void Replica::poll() {
  request(
      election::ReplicaInfoRequest{},
      [this](const election::Answer& answer) {
        if (answer.code == 0) see(view_of(answer), false);
      },
      true);
}

GroupView Replica::view_of(const election::Answer& answer) const {
  GroupView view;
  view.master = answer.master.value_or(0);
  view.master_address = answer.master_address;
  view.epoch = answer.master_epoch.value_or(0);
  if (answer.sync_set) {
    view.set = world_.to_set(*answer.sync_set);
    view.set_epoch = answer.sync_set->epoch;
  }
  return view;
}

void Replica::see(const GroupView& view, bool of_registration) {
  if (!registered_ || view.epoch < view_.epoch) return;
  if (view.epoch == view_.epoch && view.set_epoch < view_.set_epoch) return;
  view_ = view;
  if (view.master == 0) {
    if (role_ == Role::kMaster && epoch() <= view.epoch) step_down("there is no master");
    return;
  }
  if (view.master != disk_.id) {
    become_slave(view);
    return;
  }
  if (role_ == Role::kMaster && epoch() == view.epoch) {
    rules_->controller_set(view.set, view.set_epoch, local_now());
    pump();
    return;
  }
  // Of a former life, or already led: only a mastership that was decided after this process registered counts.
  if (view.epoch <= disk_.follow.accepted_epoch || (!of_registration && view.epoch <= registered_epoch_)) return;
  become_master(view);
}

void Replica::send_proposal(const replication::Proposal& proposal) {
  election::AlterSyncSetRequest alter{disk_.id, epoch(), proposal.set, proposal.set_epoch};
  world_.trace(name(), "proposes ", world_.text(proposal.set), " after set epoch ", proposal.set_epoch);
  const std::int32_t led = epoch();
  request(alter, [this, led, number = proposal.number](const election::Answer& answer) {
    if (!rules_ || epoch() != led) return;
    if (answer.code == 0 && answer.sync_set) {
      rules_->controller_set(world_.to_set(*answer.sync_set), answer.sync_set->epoch, local_now());
    } else {
      world_.trace(name(), "proposal refused: ", answer.code, " ", answer.remark);
      rules_->proposal_refused(number, local_now());
    }
    pump();
  });
  later(2000, [this, led, number = proposal.number] {
    if (rules_ && epoch() == led) rules_->proposal_unknown(number, local_now());
  });
}

// Handing over: from here on it acknowledges nothing any more under this epoch, whatever becomes of the request.
void Replica::resign() {
  here(incarnation_, [this] {
    if (role_ != Role::kMaster) return;
    const std::int32_t led = epoch();
    step_down("resigns");
    request(election::ElectMasterRequest{disk_.id, false, true, led}, [](const election::Answer&) {});
    later(3000, [this, asked = view_.epoch] {
      if (role_ == Role::kNone && view_.epoch == asked) registered_ = false;  // start over
    });
  });
}

}  // namespace rmq::sim
