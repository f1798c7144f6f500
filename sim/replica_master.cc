// A replica as master: sends, slaves, the sync set.
#include <utility>

#include "sim/replica.h"
#include "sim/world.h"

namespace rmq::sim {

void Replica::become_master(const GroupView& view) {
  if (slave_rules_->follow(view.epoch) == replication::FollowVerdict::kStale) return;
  persist();
  step_down("a new mastership");
  if (!disk_.epochs.append({view.epoch, end_bytes()})) {
    world_.fail(name() + ": epoch " + std::to_string(view.epoch) + " does not follow its epoch list");
    return;
  }
  role_ = Role::kMaster;
  replication::MasterConfig config;
  config.mode = world_.plan.mode;
  config.self = disk_.id;
  config.epoch = view.epoch;
  config.epoch_start = end_bytes();
  config.members_wanted = world_.plan.members;
  config.write_quorum = world_.plan.write_quorum;
  config.min_in_sync = world_.plan.min_in_sync;
  config.shrink_after = 3000;
  config.first_connect_grace = 1000;
  config.unclean_allowed = world_.plan.unclean;
  config.mistakes = world_.options.bug.replica;
  rules_.emplace(config, view.set, view.set_epoch, end_bytes(), confirm_ * world_.plan.entry_bytes, local_now());
  rules_->log_applied(applied_ * world_.plan.entry_bytes);
  next_queue_ = -1;
  world_.trace(name(), "is master of epoch ", view.epoch, " with ", world_.text(view.set), ", log ", disk_.log.size());
  world_.checker.became_master(*this);
  send_heartbeat();
  pump();
}

// Leaves whatever role it has.
void Replica::step_down(const char* why) {
  if (role_ == Role::kMaster) world_.trace(name(), "is master no more: ", why);
  if (role_ == Role::kSlave) leave_master();
  for (const auto& [connection, slave] : slaves_) world_.network.close(connection, place_);
  slaves_.clear();
  sends_.clear();
  rules_.reset();
  role_ = Role::kNone;
}

void Replica::client_send() {
  here(incarnation_, [this] {
    if (role_ != Role::kMaster || !rules_->accepts_sends() || !rules_->enough_in_sync()) return;
    if (!rules_->may_acknowledge(local_now()) || sends_.size() > 50 || disk_.log.size() > 2000) return;
    if (next_queue_ < 0) next_queue_ = applied_;
    Record record{world_.next_id(), epoch(), next_queue_++, 0};
    if (world_.random.chance(20)) record.commit = world_.next_id();
    disk_.log.append(record);
    if (world_.plan.sync_flush) disk_.log.flush();
    sends_.push_back({record.id, disk_.log.size() - 1});
    rules_->log_end_moved(end_bytes(), local_now());
    pump();
  });
}

void Replica::client_query() {
  here(incarnation_, [this] {
    if (role_ == Role::kMaster && rules_->serves_state()) world_.checker.queried(*this, offset_);
  });
}

// After every input of the rules: what became possible.
void Replica::pump() {
  if (!rules_) return;
  settle_sends();
  confirm_ = std::max(confirm_, to_index(rules_->confirm_offset()));
  world_.checker.confirmed_by_master(*this, to_index(rules_->confirm_offset()));
  apply_log();
  for (auto& [connection, slave] : slaves_) send_data(connection, slave);
  if (const auto proposal = rules_->take_proposal(local_now())) send_proposal(*proposal);
}

void Replica::settle_sends() {
  const Time now = local_now();
  while (!sends_.empty() && (sends_.front().index + 1) * world_.plan.entry_bytes <= rules_->acknowledged_end()) {
    // Otherwise the client never hears what became of it.
    if (rules_->may_acknowledge(now)) world_.checker.acknowledged(*this, sends_.front().record, sends_.front().index);
    sends_.pop_front();
  }
}

void Replica::send_data(Network::ConnectionId connection, Slave& slave) {
  if (slave.sent < 0) return;
  const std::int64_t unit = world_.plan.entry_bytes;
  const std::int64_t confirm = rules_->confirm_offset();
  while (slave.sent < disk_.log.size() && slave.sent - slave.acked < 16) {
    const auto epoch_entry = disk_.epochs.at_offset(slave.sent * unit);
    if (!epoch_entry) return;
    const std::int64_t epoch_end = to_index(*disk_.epochs.end_of(epoch_entry->epoch, end_bytes()));
    const std::int64_t until = std::min({epoch_end, slave.sent + 4, disk_.log.size()});
    HaMessage batch;
    batch.kind = HaMessage::Kind::kBatch;
    for (std::int64_t i = slave.sent; i < until; ++i) batch.records.push_back(disk_.log.at(i));
    batch.header = {epoch_entry->epoch, epoch_entry->start, slave.sent * unit, (until - slave.sent) * unit, confirm};
    slave.sent = until;
    slave.told_confirm = confirm;
    world_.network.push(connection, place_, std::move(batch));
  }
  if (slave.told_confirm == confirm || slave.sent < disk_.log.size()) return;
  const auto last = disk_.epochs.last();
  HaMessage news;
  news.kind = HaMessage::Kind::kBatch;
  news.header = {last->epoch, last->start, slave.sent * unit, 0, confirm};
  slave.told_confirm = confirm;
  world_.network.push(connection, place_, std::move(news));
}

void Replica::on_slave_message(Network::ConnectionId connection, const HaMessage& message) {
  if (role_ != Role::kMaster) {
    world_.network.close(connection, place_);
    return;
  }
  const Time now = local_now();
  if (message.kind == HaMessage::Kind::kSlaveHello) {
    Slave& slave = slaves_[connection];
    slave.id = message.number;
    slave.heard = now;
    rules_->handshake(slave.id, false, connection, now);
    HaMessage hello;
    hello.kind = HaMessage::Kind::kMasterHello;
    hello.number = end_bytes();
    hello.epochs = disk_.epochs;
    world_.network.push(connection, place_, std::move(hello));
    pump();
    return;
  }
  const auto found = slaves_.find(connection);
  if (found == slaves_.end()) return;
  Slave& slave = found->second;
  slave.heard = now;
  if (message.kind == HaMessage::Kind::kEcho) {
    if (rules_->ping_echoed(slave.id, connection, message.number, now) != replication::AckVerdict::kCounted) {
      drop_slave(connection);
      return;
    }
  } else if (message.kind == HaMessage::Kind::kAck) {
    const std::int64_t limit = std::max<std::int64_t>(0, slave.sent) * world_.plan.entry_bytes;
    const auto verdict = rules_->acknowledged(slave.id, connection, message.number, limit, now);
    if (verdict != replication::AckVerdict::kCounted) {
      drop_slave(connection);
      return;
    }
    slave.acked = to_index(message.number);
    if (slave.sent < 0) slave.sent = slave.acked;
  }
  pump();
}

void Replica::drop_slave(Network::ConnectionId connection) {
  world_.network.close(connection, place_);
  const auto found = slaves_.find(connection);
  if (found == slaves_.end()) return;
  if (rules_) rules_->disconnected(found->second.id, connection, local_now());
  slaves_.erase(found);
  pump();
}

// Somebody who is no slave, or one gone mad, sends twelve bytes that look like an acknowledgement.
void Replica::junk() {
  if (!up_ || role_ != Role::kMaster || slaves_.empty() || world_.scheduler.now() < frozen_until_) return;
  auto nth = slaves_.begin();
  std::advance(nth, static_cast<std::ptrdiff_t>(world_.random.pick(slaves_.size())));
  const auto connection = nth->first;
  const std::int64_t offset = end_bytes() + world_.random.between(1, 1000);
  world_.trace(name(), "gets junk as of ", nth->second.id);
  const std::int64_t limit = std::max<std::int64_t>(0, nth->second.sent) * world_.plan.entry_bytes;
  if (rules_->acknowledged(nth->second.id, connection, offset, limit, local_now()) !=
      replication::AckVerdict::kCounted) {
    drop_slave(connection);
  }
  pump();
}

}  // namespace rmq::sim
