// The API server as the Controller sees it: one object, compare-and-swap, and answers that may be errors although the
// write was done (or will be).
#pragma once

#include <functional>
#include <optional>

#include "operator/election/group_controller.h"
#include "sim/plan.h"
#include "sim/scheduler.h"

namespace rmq::sim {

class ObjectStore {
 public:
  struct Object {
    std::optional<election::GroupState> state;  // none: there is no such object
    std::uint64_t version = 0;
  };
  // `actual`: with kConflict, what is there.
  using Written = std::function<void(election::WriteResult, Object actual)>;
  using Changed = std::function<void(const std::optional<election::GroupState>& before,
                                     const std::optional<election::GroupState>& after)>;

  ObjectStore(Scheduler& scheduler, Random& random, Changed changed)
      : scheduler_(scheduler), random_(random), changed_(std::move(changed)) {}

  const Object& object() const { return object_; }
  void write(std::uint64_t expected, std::optional<election::GroupState> next, Written written);

  // ---- Faults
  void unavailable_for(Time time) { until_ = std::max(until_, scheduler_.now() + time); }
  void touch() { ++object_.version; }  // somebody else wrote something of no interest
  void heal() {
    until_ = 0;
    calm_ = true;
  }

 private:
  bool apply(std::uint64_t expected, const std::optional<election::GroupState>& next);

  Scheduler& scheduler_;
  Random& random_;
  Changed changed_;
  Object object_;
  Time until_ = 0;
  bool calm_ = false;
};

}  // namespace rmq::sim
