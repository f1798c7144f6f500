#include "operator/reconcile/cluster/applier.h"

#include "operator/build/parts.h"
#include "operator/kube/json_access.h"
#include "operator/reconcile/cluster/compare.h"

namespace rmq::operator_ {

using kube::find_at;
using kube::text_at;
using nlohmann::json;

namespace {

std::string applied_hash(const json& object) {
  return text_at(object, {"metadata", "annotations", kAppliedHashAnnotation});
}

}  // namespace

bool Applier::owns(const Cluster& cluster, const json& object) {
  const auto* owners = find_at(object, {"metadata", "ownerReferences"});
  if (owners == nullptr || !owners->is_array()) return false;
  for (const auto& owner : *owners) {
    if (text_at(owner, {"uid"}) == cluster.uid) return true;
  }
  return false;
}

bool Applier::is_as_applied(const std::string& memory_key, const kube::ObjectKey& cluster, const json& live,
                            const json& manifest) {
  auto hash = applied_hash(manifest);
  if (applied_hash(live) != hash) return false;
  if (covers(live, manifest)) return true;
  std::lock_guard lock(mutex_);
  auto& memories = memory_[cluster];
  auto memory = memories.find(memory_key);
  return memory != memories.end() && memory->second.manifest_hash == hash &&
         memory->second.became_hash == content_hash(project(live, manifest).dump());
}

// The cache holds only what carries our label, and an apply would take over what somebody else has under the name: so
// what is not there is asked for once more before it is made.
Result<ObjectPtr> Applier::find_or_read(const kube::ResourceKind& kind, const kube::ObjectKey& key) {
  if (auto live = world_.find(kind, key)) return live;
  auto read = world_.read(kind, key);
  if (read) return std::make_shared<const json>(std::move(*read));
  if (read.error().kind == ErrorKind::kNotFound) return ObjectPtr();
  return fail(std::move(read).error());
}

Result<Applied> Applier::ensure(const Cluster& cluster, const kube::ResourceKind& kind, const json& manifest) {
  const auto key = kube::key_of(manifest);
  const auto what = kind.kind + " " + key.name;
  const kube::ObjectKey owner{cluster.name_space, cluster.name};
  const auto memory_key = kind.plural + "/" + key.name;
  RMQ_TRY(auto live, find_or_read(kind, key));
  if (live) {
    if (find_at(*live, {"metadata", "deletionTimestamp"}) != nullptr) return Applied::kLeaving;
    if (!owns(cluster, *live)) {
      return fail(ErrorKind::kConflict, what + " exists and does not belong to this cluster");
    }
    if (is_as_applied(memory_key, owner, *live, manifest)) return Applied::kUnchanged;
  }
  auto became = world_.apply(kind, manifest);
  if (!became) return fail(std::move(became).error().with("apply " + what));
  if (!covers(*became, manifest)) {
    std::lock_guard lock(mutex_);
    memory_[owner][memory_key] = {applied_hash(manifest), content_hash(project(*became, manifest).dump())};
  }
  return Applied::kWritten;
}

Status Applier::remove(const Cluster& cluster, const kube::ResourceKind& kind, const std::string& name) {
  const kube::ObjectKey key{cluster.name_space, name};
  auto live = world_.find(kind, key);
  if (!live || !owns(cluster, *live) || find_at(*live, {"metadata", "deletionTimestamp"}) != nullptr) return {};
  return world_.remove(kind, key, text_at(*live, {"metadata", "uid"}), kube::Propagation::kBackground);
}

void Applier::forget(const kube::ObjectKey& cluster) {
  std::lock_guard lock(mutex_);
  memory_.erase(cluster);
}

}  // namespace rmq::operator_
