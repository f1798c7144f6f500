#include "sim/controller_host.h"

#include <memory>
#include <utility>
#include <variant>

#include "sim/world.h"

namespace rmq::sim {

ControllerHost::ControllerHost(World& world) : world_(world) {}

election::Now ControllerHost::now() const {
  const Time local = clock_.at(world_.scheduler.now());
  return {local, 1'700'000'000'000 + world_.scheduler.now()};
}

void ControllerHost::start_leader() {
  ++generation_;
  clock_ = world_.draw_clock();
  election::Policy policy;
  policy.mode = static_cast<election::Mode>(world_.plan.mode);
  policy.expected_replicas = world_.plan.members;
  policy.write_quorum = world_.plan.write_quorum;
  policy.unclean_allowed = world_.plan.unclean;
  policy.known_new = !world_.store.object().state && generation_ == 1;
  policy.async_flush = !world_.plan.sync_flush;
  policy.lease_ms = world_.plan.lease;
  policy.heartbeat_timeout_ms = world_.plan.heartbeat_timeout;
  policy.mistakes = world_.options.bug.controller;
  version_ = world_.store.object().version;
  world_.trace("controller", "leader ", generation_, " starts");
  leader_ =
      std::make_unique<election::GroupController>(policy, "cluster", "group", world_.store.object().state, now().ms);
  schedule_tick();
}

void ControllerHost::stop_leader() {
  if (!leader_) return;
  world_.trace("controller", "leader ", generation_, " ends");
  leader_.reset();
  waiting_.clear();
  connections_.clear();
  ++tick_;
  tick_at_ = 0;
}

election::Connection ControllerHost::connection_of(int place) {
  if (!leader_) return 0;
  election::Connection& connection = connections_[place];
  if (connection == 0) connection = next_connection_++;
  return connection;
}

void ControllerHost::request(int place, election::Request request, Reply reply, bool may_double) {
  const election::Connection connection = connection_of(place);
  if (connection == 0) return;
  const Place here = world_.plan.replicas;
  world_.network.send(
      place, here,
      [this, place, connection, generation = generation_, request = std::move(request), reply = std::move(reply)] {
        if (!leader_ || generation != generation_) return;
        const std::uint64_t id = next_request_++;
        waiting_[id] = {place, reply};
        run(leader_->on_request(now(), id, connection, request));
      },
      may_double);
}

void ControllerHost::process_ended(int place, bool machine_too) {
  const auto found = connections_.find(place);
  if (found == connections_.end()) return;
  const election::Connection connection = found->second;
  connections_.erase(found);
  if (machine_too) return;
  const replication::ReplicaId id = world_.replica(place).id();
  world_.network.send(place, world_.plan.replicas, [this, id, connection, generation = generation_] {
    if (!leader_ || generation != generation_) return;
    run(leader_->on_connection_closed(now(), id, connection));
  });
}

void ControllerHost::run(election::Actions actions) {
  for (const election::Action& action : actions) {
    std::visit([this](const auto& one) { carry_out(one); }, action);
  }
  schedule_tick();
}

void ControllerHost::schedule_tick() {
  if (!leader_) return;
  const Time local = leader_->next_wakeup_ms(now());
  const Time at = world_.scheduler.now() + std::max<Time>(1, clock_.real_delay(local - now().ms));
  if (tick_at_ > world_.scheduler.now() && tick_at_ <= at) return;
  tick_at_ = at;
  world_.scheduler.at(at, [this, tick = ++tick_] {
    if (!leader_ || tick != tick_) return;
    tick_at_ = 0;
    run(leader_->on_tick(now()));
  });
}

void ControllerHost::carry_out(const election::Answer& answer) {
  const auto found = waiting_.find(answer.request);
  if (found == waiting_.end()) return;
  Waiting waiting = std::move(found->second);
  waiting_.erase(found);
  world_.network.send(world_.plan.replicas, waiting.place,
                      [answer, reply = std::move(waiting.reply)] { reply(answer); });
}

void ControllerHost::carry_out(const election::Write& write) {
  std::optional<election::GroupState> next;
  if (!write.erase) next = write.state;
  world_.store.write(version_, std::move(next),
                     [this, generation = generation_](election::WriteResult result, const ObjectStore::Object& actual) {
                       if (!leader_ || generation != generation_) return;
                       world_.trace("controller", "write: ",
                                    result == election::WriteResult::kOk         ? "ok"
                                    : result == election::WriteResult::kConflict ? "conflict"
                                                                                 : "error");
                       if (result != election::WriteResult::kError) version_ = actual.version;
                       if (result == election::WriteResult::kConflict) {
                         run(leader_->on_written(now(), result, actual.state));
                       } else {
                         run(leader_->on_written(now(), result));
                       }
                     });
}

void ControllerHost::carry_out(const election::AskPosition& ask) {
  const Place here = world_.plan.replicas;
  const Place there = world_.place_of(ask.address);
  // One answer or none, whichever comes first.
  auto done = std::make_shared<bool>(false);
  auto answer = [this, done, generation = generation_, number = ask.ask](std::optional<election::Position> position) {
    if (*done || !leader_ || generation != generation_) return;
    *done = true;
    run(leader_->on_position(now(), number, position));
  };
  world_.trace("controller", "asks r", ask.id, " for its position, fence ", ask.fence_epoch.value_or(-1));
  world_.scheduler.after(500, [answer] { answer(std::nullopt); });
  if (there < 0) return;
  world_.network.send(here, there, [this, here, there, ask, answer] {
    world_.replica(there).asked_position(ask.id, ask.fence_epoch,
                                         [this, here, there, answer](election::Position position) {
                                           world_.network.send(there, here, [answer, position] { answer(position); });
                                         });
  });
}

void ControllerHost::carry_out(const election::Notify& notify) {
  const Place there = world_.place_of(notify.address);
  if (there < 0) return;
  world_.network.send(
      world_.plan.replicas, there,
      [this, there, notify] {
        GroupView view;
        view.master = notify.master;
        view.master_address = notify.master_address;
        view.epoch = notify.master_epoch;
        view.set = world_.to_set(notify.sync_set);
        view.set_epoch = notify.sync_set.epoch;
        world_.replica(there).notified(notify.id, view);
      },
      true);
}

void ControllerHost::carry_out(const election::Probe& probe) {
  const Place here = world_.plan.replicas;
  const Place there = world_.place_of(probe.address);
  if (there < 0) return;
  if (world_.plan.behind_services) {
    // Whatever became of the process: a Service without endpoints refuses for it.
    return world_.scheduler.after(5, [this, id = probe.id, generation = generation_] {
      if (leader_ && generation == generation_) run(leader_->on_process_suspected(now(), id, "Service refused"));
    });
  }
  world_.network.send(here, there, [this, here, there, id = probe.id, generation = generation_] {
    if (!world_.replica(there).refuses_connections()) return;
    world_.network.send(there, here, [this, id, generation] {
      if (!leader_ || generation != generation_) return;
      run(leader_->on_process_dead(now(), id, "connect refused"));
    });
  });
}

void ControllerHost::carry_out(const election::ElectionEvent& event) {
  world_.trace("controller", "election: epoch ", event.record.epoch, " chose ", event.record.chosen.value_or(-1), ": ",
               event.record.reason);
}

}  // namespace rmq::sim
