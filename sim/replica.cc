#include "sim/replica.h"

#include <utility>

#include "sim/world.h"

namespace rmq::sim {
namespace {

constexpr Time kTick = 250;

}  // namespace

Replica::Replica(World& world, Place place) : world_(world), place_(place), clock_(world.draw_clock()) {}

Time Replica::local_now() const {
  return clock_.at(world_.scheduler.now());
}

std::int64_t Replica::end_bytes() const {
  return disk_.log.size() * world_.plan.entry_bytes;
}

std::int64_t Replica::to_index(std::int64_t bytes) const {
  return bytes / world_.plan.entry_bytes;
}

// Runs `task` in the process that was meant, when it runs at all.
void Replica::here(std::uint64_t incarnation, const std::function<void()>& task) {
  if (!up_ || incarnation != incarnation_) return;
  if (world_.scheduler.now() < frozen_until_) {
    world_.scheduler.at(frozen_until_, [this, incarnation, task] { here(incarnation, task); });
    return;
  }
  task();
}

void Replica::later(Time local, std::function<void()> task) {
  world_.scheduler.after(clock_.real_delay(local),
                         [this, incarnation = incarnation_, task = std::move(task)] { here(incarnation, task); });
}

// ---- The machine

void Replica::start() {
  if (up_) return;
  up_ = machine_up_ = true;
  ++incarnation_;
  frozen_until_ = 0;
  ticks_ = 0;
  registered_ = false;
  joining_until_ = 0;
  view_ = {};
  role_ = Role::kNone;
  rules_.reset();
  confirm_ = applied_ = offset_ = 0;
  applying_ = false;
  disk_.log.recover();
  disk_.epochs = replication::SlaveRules::mend_at_start(disk_.epochs, end_bytes());
  slave_rules_.emplace(disk_.follow);
  world_.trace(name(), "starts as ", disk_.id, ", log ", disk_.log.size(), ", last epoch ", disk_.epochs.last_epoch());
  later(world_.random.between(0, kTick), [this] { tick(); });
}

void Replica::kill(bool power) {
  if (!up_ && !power) return;
  world_.trace(name(), power ? "loses power" : "is killed");
  if (up_) {
    up_ = false;
    if (upstream_ != 0) world_.network.close(std::exchange(upstream_, 0), place_, power);
    for (const auto& [connection, slave] : slaves_) world_.network.close(connection, place_, power);
    slaves_.clear();
    sends_.clear();
    rules_.reset();
    world_.controller.process_ended(place_, power);
  }
  if (!power) return;
  machine_up_ = false;
  ++boot_;
  const LogModel before = disk_.log;
  disk_.log.lose_page_cache();
  world_.checker.destroyed(*this, before, disk_.log.size());
}

void Replica::lose_disk() {
  world_.trace(name(), "loses its disk");
  const LogModel before = disk_.log;
  disk_ = {};
  world_.checker.destroyed(*this, before, 0);
}

void Replica::freeze(Time time) {
  if (!up_) return;
  world_.trace(name(), "is frozen for ", time);
  frozen_until_ = std::max(frozen_until_, world_.scheduler.now() + time);
}

// ---- The process

void Replica::tick() {
  ++ticks_;
  if (!registered_) {
    join();
  } else {
    if (ticks_ % 4 == 0) send_heartbeat();
    if (ticks_ % 8 == 1) poll();
  }
  const Time now = local_now();
  if (role_ == Role::kSlave) {
    if (upstream_ == 0) connect_to_master();
    if (upstream_ != 0 && now - heard_ > 3000) leave_master();
  }
  if (role_ == Role::kMaster) {
    std::vector<Network::ConnectionId> silent;
    for (auto& [connection, slave] : slaves_) {
      if (now - slave.heard > 3000) silent.push_back(connection);
      if (slave.sent < 0 || ticks_ % 2 != 0) continue;
      HaMessage ping;
      ping.kind = HaMessage::Kind::kPing;
      ping.number = now;
      world_.network.push(connection, place_, std::move(ping));
    }
    for (const auto connection : silent) drop_slave(connection);
    pump();
  }
  if (ticks_ % 2 == 0) disk_.log.flush();
  apply_log();
  later(kTick, [this] { tick(); });
}

// Consume queues and state follow what may be read, some time later.
void Replica::apply_log() {
  const std::int64_t readable = world_.plan.mode == Mode::kAsync ? disk_.log.size() : confirm_;
  if (applying_ || applied_ >= readable) return;
  applying_ = true;
  later(world_.random.chance(10) ? world_.random.between(50, 700) : world_.random.between(1, 20), [this] {
    applying_ = false;
    const std::int64_t until =
        std::min(world_.plan.mode == Mode::kAsync ? disk_.log.size() : confirm_, disk_.log.size());
    for (; applied_ < until; ++applied_) {
      if (disk_.log.at(applied_).commit == 0) continue;
      offset_ = disk_.log.at(applied_).commit;
      if (lease_lasts()) world_.checker.committed(*this, offset_);
    }
    if (rules_) rules_->log_applied(applied_ * world_.plan.entry_bytes);
  });
}

Network::Endpoint Replica::endpoint() {
  return {
      [this] { return world_.scheduler.now() >= frozen_until_; },
      [this](Network::ConnectionId connection, const HaMessage& message) {
        if (up_) on_message(connection, message);
      },
      [this](Network::ConnectionId connection) { here(incarnation_, [this, connection] { on_closed(connection); }); }};
}

void Replica::on_message(Network::ConnectionId connection, const HaMessage& message) {
  if (connection == upstream_) {
    on_master_message(message);
  } else {
    on_slave_message(connection, message);
  }
}

void Replica::on_closed(Network::ConnectionId connection) {
  if (connection == upstream_) {
    leave_master();
  } else {
    drop_slave(connection);
  }
}

void Replica::asked_position(ReplicaId id, std::optional<std::int32_t> fence,
                             std::function<void(election::Position)> reply) {
  here(incarnation_, [this, id, fence, reply = std::move(reply)] {
    // Before it registered, the Controller may not know yet that this process may have lost the end of its log.
    if (!registered_ || id != disk_.id) return;
    if (fence) {
      if (slave_rules_->fence(*fence) == replication::FenceVerdict::kRefused) return;
      persist();
      if (role_ == Role::kMaster && epoch() < *fence) step_down("fenced");
      if (role_ == Role::kSlave && session_epoch_ < *fence) leave_master();
    }
    election::Position position;
    position.last_epoch = std::max(0, disk_.epochs.last_epoch());
    position.end = end_bytes();
    position.fenced = fence.has_value();
    world_.trace(name(), "position ", position.last_epoch, ", ", disk_.log.size(), " fence ", fence.value_or(-1));
    reply(position);
  });
}

void Replica::notified(ReplicaId id, const GroupView& view) {
  here(incarnation_, [this, id, view] {
    if (id == disk_.id) see(view, false);
  });
}

}  // namespace rmq::sim
