// Brings single objects to what their manifests say, and writes nothing when they are.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "operator/api/cluster.h"
#include "operator/reconcile/cluster/world.h"

namespace rmq::operator_ {

enum class Applied {
  kUnchanged,
  kWritten,
  kLeaving,  // the live object is being deleted; its deletion's event brings the next pass
};

// Thread-safe.
class Applier {
 public:
  explicit Applier(World& world) : world_(world) {}

  // kConflict if an object of this name belongs to somebody else.
  Result<Applied> ensure(const Cluster& cluster, const kube::ResourceKind& kind, const nlohmann::json& manifest);

  // Removes the object if it is there and the cluster's own.
  Status remove(const Cluster& cluster, const kube::ResourceKind& kind, const std::string& name);

  // The cluster is gone: forgets what was remembered of its objects.
  void forget(const kube::ObjectKey& cluster);

  static bool owns(const Cluster& cluster, const nlohmann::json& object);

 private:
  // Some manifests never read back as they were written: the API server normalises, or a webhook changes them. What
  // such a manifest became when it was applied is remembered, so it is applied once and not in each pass.
  struct Memory {
    std::string manifest_hash;
    std::string became_hash;
  };
  Result<ObjectPtr> find_or_read(const kube::ResourceKind& kind, const kube::ObjectKey& key);
  bool is_as_applied(const std::string& memory_key, const kube::ObjectKey& cluster, const nlohmann::json& live,
                     const nlohmann::json& manifest);

  World& world_;
  std::mutex mutex_;
  std::map<kube::ObjectKey, std::map<std::string, Memory>> memory_;  // by cluster, then by kind and name
};

}  // namespace rmq::operator_
