// What a reconcile sees and does: reads come from a cache, writes go to the API server. Production has it over
// informers and a client (kube_world.h), tests over a simulated API server (simulated_world.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/base/result.h"
#include "operator/build/names.h"
#include "operator/kube/client.h"
#include "operator/kube/object_cache.h"
#include "operator/kube/resource.h"

namespace rmq::operator_ {

using kube::ObjectPtr;

enum class EventType { kNormal, kWarning };

// Thread-safe.
class World {
 public:
  virtual ~World() = default;

  // From the cache, which may be behind. null: none.
  virtual ObjectPtr find(const kube::ResourceKind& kind, const kube::ObjectKey& key) const = 0;
  // Those of a namespace that carry all the labels, ordered by name.
  virtual std::vector<ObjectPtr> select(const kube::ResourceKind& kind, const std::string& ns,
                                        const Labels& labels) const = 0;

  // From the server, for kinds without a cache.
  virtual Result<nlohmann::json> read(const kube::ResourceKind& kind, const kube::ObjectKey& key) = 0;

  // Server-side apply as field manager kManager, taking over fields that others own.
  virtual Result<nlohmann::json> apply(const kube::ResourceKind& kind, const nlohmann::json& manifest) = 0;
  virtual Result<nlohmann::json> patch(const kube::ResourceKind& kind, const kube::ObjectKey& key,
                                       const nlohmann::json& patch, std::string_view subresource) = 0;
  // `uid`: only if it is still this object. Success also when it is gone already.
  virtual Status remove(const kube::ResourceKind& kind, const kube::ObjectKey& key, const std::string& uid,
                        kube::Propagation propagation) = 0;
  // Best effort.
  virtual void event(const nlohmann::json& about, EventType type, std::string_view reason,
                     const std::string& message) = 0;
};

}  // namespace rmq::operator_
