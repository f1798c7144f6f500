// A replica as slave: follows, truncates, appends, acknowledges.
#include <utility>

#include "sim/replica.h"
#include "sim/world.h"

namespace rmq::sim {

using replication::BatchVerdict;
using replication::FollowVerdict;
using replication::SlaveRules;

void Replica::become_slave(const GroupView& view) {
  if (slave_rules_->follow(view.epoch) == FollowVerdict::kStale) return;
  persist();
  if (role_ == Role::kSlave && session_epoch_ == view.epoch && upstream_ != 0) return;
  if (role_ == Role::kSlave && session_epoch_ < 0 && upstream_ != 0) return;  // shaking hands
  step_down("another is");
  role_ = Role::kSlave;
  connect_to_master();
}

void Replica::connect_to_master() {
  const Place master = world_.place_of(view_.master_address);
  if (master < 0 || master == place_ || view_.master == disk_.id) return;
  if (world_.network.cut(place_, master) || world_.network.cut(master, place_) || !world_.replica(master).up()) return;
  upstream_ = world_.network.connect(place_, master);
  session_epoch_ = -1;
  heard_ = local_now();
  HaMessage hello;
  hello.kind = HaMessage::Kind::kSlaveHello;
  hello.number = disk_.id;
  world_.network.push(upstream_, place_, std::move(hello));
}

void Replica::leave_master() {
  if (upstream_ != 0) world_.network.close(std::exchange(upstream_, 0), place_);
  session_epoch_ = -1;
}

void Replica::on_master_message(const HaMessage& message) {
  heard_ = local_now();
  switch (message.kind) {
    case HaMessage::Kind::kMasterHello: on_master_hello(message); return;
    case HaMessage::Kind::kBatch: on_batch(message); return;
    case HaMessage::Kind::kPing: break;
    default: return;
  }
  if (!slave_rules_->may_acknowledge(session_epoch_)) return leave_master();
  HaMessage echo;
  echo.kind = HaMessage::Kind::kEcho;
  echo.number = message.number;
  world_.network.push(upstream_, place_, std::move(echo));
}

void Replica::on_master_hello(const HaMessage& message) {
  const std::int32_t epoch = message.epochs.last_epoch();
  if (epoch < view_.epoch || slave_rules_->follow(epoch) == FollowVerdict::kStale) return leave_master();
  persist();
  const auto plan = SlaveRules::plan_truncation(disk_.epochs, end_bytes(), message.epochs, message.number);
  const std::int64_t size = to_index(plan.truncate_to);
  const bool cuts = size < disk_.log.size();
  if (cuts) world_.checker.truncates(*this, size, std::min(confirm_, disk_.log.size()));
  if (cuts) {
    world_.trace(name(), "cuts its log from ", disk_.log.size(), " to ", size);
    disk_.log.truncate(size, world_.options.bug.replica.stale_tail_10666);
    confirm_ = std::min(confirm_, size);
    applied_ = std::min(applied_, size);
  }
  const bool may_crash = cuts && world_.faults_on() && world_.plan.crash > 0;
  if (may_crash && world_.random.chance(15)) return world_.crash(place_);
  disk_.epochs = plan.epochs;
  if (may_crash && world_.random.chance(15)) return world_.crash(place_);
  session_epoch_ = epoch;
  master_epochs_ = message.epochs;
  world_.trace(name(), "follows epoch ", epoch, " from ", disk_.log.size());
  acknowledge();
}

void Replica::on_batch(const HaMessage& message) {
  if (!slave_rules_->may_acknowledge(session_epoch_)) return leave_master();
  const auto decision = SlaveRules::on_batch(message.header, end_bytes(), disk_.epochs);
  if (decision.verdict == BatchVerdict::kClose) {
    world_.trace(name(), "refuses a batch: ", decision.reason);
    return leave_master();
  }
  if (decision.verdict == BatchVerdict::kAppendEpochFirst) disk_.epochs.append(decision.new_epoch);
  for (const Record& record : message.records) {
    disk_.log.append(record);
    world_.checker.copied(*this, disk_.log.size() - 1);
  }
  if (world_.plan.sync_flush) disk_.log.flush();
  if (const auto due = SlaveRules::due_epoch(master_epochs_, disk_.epochs, end_bytes())) disk_.epochs.append(*due);
  see_confirm(message.header.confirm);
  if (!message.records.empty()) acknowledge();
}

void Replica::acknowledge() {
  if (!slave_rules_->may_acknowledge(session_epoch_)) return leave_master();
  HaMessage ack;
  ack.kind = HaMessage::Kind::kAck;
  ack.number = end_bytes();
  world_.network.push(upstream_, place_, std::move(ack));
}

void Replica::see_confirm(std::int64_t confirm_bytes) {
  const std::int64_t confirm = to_index(SlaveRules::confirm(confirm_bytes, end_bytes()));
  if (confirm <= confirm_) return;
  world_.checker.confirmed_by_slave(*this, confirm_, confirm);
  confirm_ = confirm;
  apply_log();
}

}  // namespace rmq::sim
