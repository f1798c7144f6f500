#include "operator/reconcile/cluster/reconciler.h"

#include "operator/reconcile/cluster/kinds.h"
#include "operator/reconcile/cluster/pass.h"

namespace rmq::operator_ {

Status ClusterReconciler::reconcile(const kube::ObjectKey& key) {
  auto resource = world_.find(kClusters, key);
  if (!resource) {
    applier_.forget(key);  // what it owned goes by its owner references
    return {};
  }
  ++passes_;
  auto status = Pass(world_, applier_, defaults_, clock_, *resource).run();
  if (!status) ++failures_;
  return status;
}

}  // namespace rmq::operator_
