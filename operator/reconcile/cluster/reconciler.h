// Makes a RocketMQCluster so. Level-based: each pass starts from the resource and the cache and knows nothing of
// earlier ones, so a killed operator, a lost watch or an edit by hand all end in the same place.
#pragma once

#include <atomic>
#include <cstdint>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "operator/build/manifests.h"
#include "operator/kube/resource.h"
#include "operator/reconcile/cluster/applier.h"
#include "operator/reconcile/cluster/controllers.h"
#include "operator/reconcile/cluster/world.h"

namespace rmq::operator_ {

// Thread-safe for different keys; the caller runs one pass a key at a time.
class ClusterReconciler {
 public:
  ClusterReconciler(World& world, Controllers& controllers, const Clock& clock, BuildDefaults defaults)
      : world_(world), controllers_(controllers), clock_(clock), defaults_(std::move(defaults)), applier_(world) {}

  // One pass. An error asks for another one after a while; otherwise a change of the cluster or of what it owns does.
  Status reconcile(const kube::ObjectKey& key);

  std::uint64_t passes() const { return passes_; }
  std::uint64_t failures() const { return failures_; }

 private:
  Status release_broker_groups(const kube::ObjectKey& cluster, const nlohmann::json* resource);

  World& world_;
  Controllers& controllers_;
  const Clock& clock_;
  const BuildDefaults defaults_;
  Applier applier_;
  std::atomic<std::uint64_t> passes_{0};
  std::atomic<std::uint64_t> failures_{0};
};

}  // namespace rmq::operator_
