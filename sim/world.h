// One schedule: a group, its Controller, clients and faults, all from one seed.
#pragma once

#include <cstdint>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/checker.h"
#include "sim/controller_host.h"
#include "sim/network.h"
#include "sim/object_store.h"
#include "sim/plan.h"
#include "sim/random.h"
#include "sim/replica.h"
#include "sim/scheduler.h"

namespace rmq::sim {

// How a schedule ended. Equal for equal seeds and options.
struct Outcome {
  std::string violation;  // empty: every invariant held
  std::uint64_t events = 0;
  std::int64_t acknowledged = 0;
  std::int64_t confirmed = 0;
  std::int32_t master_epoch = 0;
  bool beyond_promise = false;
  Time end = 0;
  bool operator==(const Outcome&) const = default;
};

class World {
 public:
  World(std::uint64_t seed, const Options& options);

  Outcome run();

  const Options& options;
  Random random;
  const Plan plan;
  Scheduler scheduler;
  Checker checker;
  ObjectStore store;
  Network network;
  ControllerHost controller;

  Replica& replica(Place place) { return *replicas_[static_cast<std::size_t>(place)]; }
  // A replica's address is its name; -1: not an address.
  Place place_of(std::string_view address) const;
  LocalClock draw_clock();
  std::int64_t next_id() { return ++ids_; }
  bool faults_on() const { return !healed_; }
  // The process at `place` dies now and comes back some time later.
  void crash(Place place);

  // The first violation ends the schedule.
  void fail(std::string what);

  template <class... Parts>
  void trace(std::string_view who, const Parts&... parts) {
    if (!options.trace) return;
    std::cout << scheduler.now() << "\t" << who << "\t";
    (std::cout << ... << parts);
    std::cout << "\n";
  }

  static ReplicaSet to_set(const protocol::SyncStateSet& set) { return set.members; }
  static std::string text(const ReplicaSet& set);

 private:
  void clients();
  // faults.cc
  void next_fault();
  void one_fault();
  void partition(bool one_way);
  void switch_over();
  void stop_machine(Place place, bool power, bool disk);
  void disturb_join(Place place);
  bool leave_tail();
  Place current_master() const;
  void change_leader();
  void heal();
  bool stuck_beyond_promise() const;

  std::vector<std::unique_ptr<Replica>> replicas_;
  std::int64_t ids_ = 0;
  bool healed_ = false;
  std::string violation_;
};

}  // namespace rmq::sim
