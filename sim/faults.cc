// What goes wrong in a schedule, and how it all ends well.
#include <iterator>
#include <utility>

#include "sim/world.h"

namespace rmq::sim {

void World::next_fault() {
  if (plan.fault_weight() == 0) return;
  scheduler.after(random.between(plan.fault_every / 4, plan.fault_every * 2), [this] {
    if (healed_) return;
    one_fault();
    next_fault();
  });
}

void World::one_fault() {
  auto dice = random.between(0, plan.fault_weight() - 1);
  const auto is = [&dice](int weight) {
    dice -= weight;
    return dice < 0;
  };
  const Place place = static_cast<Place>(random.pick(static_cast<std::size_t>(plan.replicas)));
  if (is(plan.crash)) {
    if (plan.tails && random.chance(60) && leave_tail()) return;
    return stop_machine(place, false, false);
  }
  if (is(plan.power)) return stop_machine(place, true, false);
  if (is(plan.lost_disk)) return stop_machine(place, true, true);
  if (is(plan.freeze)) return replica(place).freeze(random.between(300, 9000));
  if (is(plan.partition)) return partition(false);
  if (is(plan.one_way)) return partition(true);
  if (is(plan.cut_connection)) {
    if (network.connections() == 0) return;
    trace("fault", "a replication connection breaks");
    return network.break_connection(network.connection_at(random.pick(network.connections())));
  }
  if (is(plan.junk)) {
    for (const auto& one : replicas_) one->junk();
    return;
  }
  if (is(plan.slow)) {
    trace("fault", "r", place, " is slow");
    return network.slow_down(place, random.between(500, 9000));
  }
  if (is(plan.controller)) return change_leader();
  if (is(plan.api)) {
    trace("fault", "the API server is away");
    return store.unavailable_for(random.between(300, 8000));
  }
  if (is(plan.conflict)) return store.touch();
  if (is(plan.switchover)) return switch_over();
}

void World::stop_machine(Place place, bool power, bool disk) {
  Replica& one = replica(place);
  if (!one.up()) return;
  one.kill(power);
  if (disk) one.lose_disk();
  scheduler.after(random.between(power ? 1000 : 150, 9000), [this, place] {
    replica(place).start();
    if (!healed_ && plan.one_way > 0 && random.chance(30)) disturb_join(place);
  });
}

// While a replica comes back and asks to be a member: the master does not hear what the Controller made of it, the
// replica falls behind, and the master dies. (Random faults alone rarely meet so well.)
void World::disturb_join(Place place) {
  const Place master = current_master();
  if (master < 0 || master == place) return;
  trace("fault", "r", place, " joins while r", master, " does not hear the Controller");
  network.cut_link(plan.replicas, master, random.between(1500, 6000));
  scheduler.after(random.between(300, 900), [this, place] {
    if (!healed_) network.slow_down(place, 3000);
  });
  scheduler.after(random.between(800, 2600), [this, master] {
    if (!healed_) stop_machine(master, false, false);
  });
}

void World::crash(Place place) {
  stop_machine(place, false, false);
}

Place World::current_master() const {
  Place master = -1;
  std::int32_t epoch = 0;
  for (Place place = 0; place < plan.replicas; ++place) {
    const Replica& one = *replicas_[static_cast<std::size_t>(place)];
    if (one.is_master() && one.epoch() >= epoch) master = place, epoch = one.epoch();
  }
  return master;
}

// The master goes on taking sends that reach nobody else, and dies with them; when it is back, it and the others are
// slow to exchange what they have. Several masters with tails of different epochs are what quorum mode is hardest for.
bool World::leave_tail() {
  const Place master = current_master();
  if (master < 0) return false;
  const Time time = random.between(400, 2500);
  trace("fault", "r", master, " gathers a tail for ", time);
  for (Place other = 0; other < plan.replicas; ++other) {
    if (random.chance(15)) continue;
    network.cut_link(master, other, time + 100);
    network.cut_link(other, master, time + 100);
  }
  scheduler.after(time, [this, master] {
    if (healed_) return;
    stop_machine(master, false, false);
    for (Place place = 0; place < plan.replicas; ++place) network.slow_down(place, random.between(2000, 12'000));
  });
  return true;
}

void World::change_leader() {
  if (!controller.leading()) return;
  controller.stop_leader();
  scheduler.after(random.between(50, 6000), [this] {
    if (!controller.leading()) controller.start_leader();
  });
}

// Some places on one side; one way: what they send is lost, but they hear the others.
void World::partition(bool one_way) {
  const int places = plan.replicas + 1;
  const Time time = random.between(300, 12'000);
  std::uint32_t side = 1U << random.pick(static_cast<std::size_t>(places));
  if (random.chance(40)) side |= 1U << random.pick(static_cast<std::size_t>(places));
  std::uint32_t others = ~side;
  // Sometimes only one of the others is cut off: partitions need not be clean.
  if (random.chance(40)) others = 1U << random.pick(static_cast<std::size_t>(places));
  const bool outward = random.chance(50);
  trace("fault", "partition, sides ", side, " and ", others & ((1U << places) - 1), one_way ? " one way" : "", " for ",
        time);
  for (Place a = 0; a < places; ++a) {
    for (Place b = 0; b < places; ++b) {
      if ((side >> a & 1U) == 0 || (others >> b & 1U) == 0 || (side >> b & 1U) != 0) continue;
      if (!one_way || outward) network.cut_link(a, b, time);
      if (!one_way || !outward) network.cut_link(b, a, time);
    }
  }
}

void World::switch_over() {
  const auto& state = store.object().state;
  if (!state || !state->master || state->replicas.empty()) return;
  if (random.chance(50)) {
    for (const auto& one : replicas_) {
      if (one->is_master() && one->id() == *state->master) one->resign();
    }
    return;
  }
  auto chosen = state->replicas.begin();
  std::advance(chosen, static_cast<std::ptrdiff_t>(random.pick(state->replicas.size())));
  trace("fault", "somebody wants ", chosen->first, " as master");
  controller.request(plan.replicas, election::ElectMasterRequest{chosen->first, true, false, std::nullopt},
                     [](const election::Answer&) {});
}

void World::heal() {
  trace("fault", "all is well from here on");
  healed_ = true;
  network.heal();
  store.heal();
  if (!controller.leading()) controller.start_leader();
  for (const auto& one : replicas_) {
    one->thaw();
    one->start();
  }
}

}  // namespace rmq::sim
