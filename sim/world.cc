#include "sim/world.h"

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace rmq::sim {

World::World(std::uint64_t seed, const Options& with)
    : options(with),
      random(seed),
      plan(draw_plan(random, options)),
      checker(*this),
      store(scheduler, random, [this](const auto& before, const auto& after) { checker.stored(before, after); }),
      network(scheduler, random, plan),
      controller(*this) {
  for (Place place = 0; place < plan.replicas; ++place) {
    replicas_.push_back(std::make_unique<Replica>(*this, place));
    network.set_endpoint(place, replicas_.back()->endpoint());
  }
}

LocalClock World::draw_clock() {
  return {random.between(0, 1'000'000),
          plan.skew_per_mille == 0 ? 0 : random.between(-plan.skew_per_mille, plan.skew_per_mille)};
}

Place World::place_of(std::string_view address) const {
  Place place = -1;
  if (address.size() < 2 || address[0] != 'r') return -1;
  std::from_chars(address.data() + 1, address.data() + address.size(), place);
  return place >= 0 && place < plan.replicas ? place : -1;
}

void World::fail(std::string what) {
  if (!violation_.empty()) return;
  trace("checker", "VIOLATION: ", what);
  violation_ = std::move(what);
}

std::string World::text(const ReplicaSet& set) {
  std::string text = "{";
  for (const ReplicaId id : set) text += (text.size() > 1 ? "," : "") + std::to_string(id);
  return text + "}";
}

void World::clients() {
  for (const auto& replica : replicas_) {
    if (!replica->is_master()) continue;
    replica->client_send();
    if (random.chance(20)) replica->client_query();
  }
  scheduler.after(random.between(plan.send_every / 2, plan.send_every * 2), [this] { clients(); });
}

Outcome World::run() {
  trace("plan", to_string(plan.mode), " replicas ", plan.replicas, " min ", plan.min_in_sync, " flush ",
        plan.sync_flush ? "sync" : "async", " record ", plan.entry_bytes, " skew ", plan.skew_per_mille, " timeout ",
        plan.heartbeat_timeout);
  controller.start_leader();
  for (const auto& replica : replicas_) {
    scheduler.after(random.between(0, 1500), [one = replica.get()] { one->start(); });
  }
  clients();
  next_fault();
  while (violation_.empty() && scheduler.run_next(plan.fault_time)) {
  }
  if (violation_.empty()) heal();
  const Time healed = scheduler.now();
  const Time deadline = healed + plan.heal_time;
  while (violation_.empty() && checker.last_acknowledged() <= healed && scheduler.run_next(deadline)) {
  }
  const bool recovered = checker.last_acknowledged() > healed;
  if (violation_.empty() && !recovered && !stuck_beyond_promise()) {
    fail("nothing is acknowledged " + std::to_string(plan.heal_time / 1000) + " s after everything healed");
  }
  // What was acknowledged just now must last, too.
  const Time rest = scheduler.now() + (recovered ? 1500 : 0);
  while (violation_.empty() && scheduler.run_next(rest)) {
  }
  Outcome outcome;
  outcome.violation = violation_;
  outcome.events = scheduler.count();
  outcome.acknowledged = checker.acknowledged_count();
  outcome.confirmed = checker.confirmed_count();
  outcome.master_epoch = store.object().state ? store.object().state->master_epoch : 0;
  outcome.beyond_promise = checker.excused();
  outcome.end = scheduler.now();
  return outcome;
}

// Faults may destroy so much that nobody may be elected; then waiting for ever is right.
bool World::stuck_beyond_promise() const {
  if (checker.excused()) return true;
  const auto& state = store.object().state;
  if (!state) return false;
  std::set<ReplicaId> present;
  for (const auto& replica : replicas_) present.insert(replica->id());
  int left = 0;
  for (const ReplicaId member : state->sync_set) {
    const auto found = state->replicas.find(member);
    if (present.contains(member) && found != state->replicas.end() && !found->second.suspect) ++left;
  }
  const int members = static_cast<int>(state->sync_set.size());
  if (plan.mode != Mode::kQuorum) return left == 0;
  return members - left >= std::min(plan.write_quorum, members);
}

}  // namespace rmq::sim
