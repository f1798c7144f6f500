#include "operator/reconcile/cluster/reconciler.h"

#include "operator/kube/json_access.h"
#include "operator/reconcile/cluster/kinds.h"
#include "operator/reconcile/cluster/pass.h"

namespace rmq::operator_ {

using kube::find_at;

// BrokerGroups of a cluster that is gone, on its way out, or a predecessor of the same name. The garbage collector
// deletes them; what they hold is of no use without their volumes' owner.
Status ClusterReconciler::release_broker_groups(const kube::ObjectKey& key, const nlohmann::json* resource) {
  for (const auto& object : world_.select(kBrokerGroups, key.ns, {{std::string(kInstanceLabel), key.name}})) {
    if (find_at(*object, {"metadata", "deletionTimestamp"}) == nullptr) continue;
    if (resource != nullptr) {
      const auto cluster = cluster_without_spec(*resource);
      if (!cluster.deleting && Applier::owns(cluster, *object)) continue;
    }
    auto released = world_.patch(kBrokerGroups, kube::key_of(*object), {{"metadata", {{"finalizers", nullptr}}}}, {});
    if (!released && released.error().kind != ErrorKind::kNotFound) return fail(std::move(released).error());
  }
  return {};
}

Status ClusterReconciler::reconcile(const kube::ObjectKey& key) {
  auto resource = world_.find(kClusters, key);
  if (!resource || find_at(*resource, {"metadata", "deletionTimestamp"}) != nullptr) controllers_.end(key);
  RMQ_CHECK_OK(release_broker_groups(key, resource.get()));
  if (!resource) {
    applier_.forget(key);  // what it owned goes by its owner references
    return {};
  }
  ++passes_;
  auto status = Pass(world_, applier_, controllers_, defaults_, clock_, *resource).run();
  if (!status) ++failures_;
  return status;
}

}  // namespace rmq::operator_
