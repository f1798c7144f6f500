// For tests: an API server in memory with the few controllers that a cluster's life needs. The cache is never behind
// unless told so; controllers act only in settle().
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "operator/reconcile/cluster/kinds.h"
#include "operator/reconcile/cluster/world.h"

namespace rmq::operator_ {

class SimulatedWorld final : public World {
 public:
  // World
  ObjectPtr find(const kube::ResourceKind& kind, const kube::ObjectKey& key) const override;
  std::vector<ObjectPtr> select(const kube::ResourceKind& kind, const std::string& ns,
                                const Labels& labels) const override;
  Result<nlohmann::json> read(const kube::ResourceKind& kind, const kube::ObjectKey& key) override;
  Result<nlohmann::json> apply(const kube::ResourceKind& kind, const nlohmann::json& manifest) override;
  Result<nlohmann::json> patch(const kube::ResourceKind& kind, const kube::ObjectKey& key, const nlohmann::json& patch,
                               std::string_view subresource) override;
  Status remove(const kube::ResourceKind& kind, const kube::ObjectKey& key, const std::string& uid,
                kube::Propagation propagation) override;
  void event(const nlohmann::json& about, EventType type, std::string_view reason, const std::string& message) override;

  // A user's or a controller's write, not counted. Gives uid, generation and resourceVersion.
  void put(const kube::ResourceKind& kind, nlohmann::json object);
  void erase(const kube::ResourceKind& kind, const kube::ObjectKey& key);
  nlohmann::json at(const kube::ResourceKind& kind, const std::string& ns, const std::string& name) const;
  std::size_t count(const kube::ResourceKind& kind) const;

  // One round of the StatefulSet controller, the kubelet and the garbage collector. Pods of an image that contains
  // "bad" never become ready. True if anything changed.
  bool settle();

  int writes = 0;                   // by the operator, status included, events not
  int fail_write = 0;               // the n-th write from now fails before it is done; 0: none
  bool may_expand = true;           // the storage class allows volumes to grow
  std::vector<std::string> events;  // "reason: message"
  std::size_t least_ready = 0;      // pods that were ready at the worst moment since reset_least_ready()
  void reset_least_ready() { least_ready = ready_pods(); }
  std::size_t ready_pods() const;

 private:
  using Store = std::map<kube::ObjectKey, ObjectPtr>;
  Status count_write();
  void store(const std::string& plural, nlohmann::json object);
  bool run_stateful_set(const nlohmann::json& set);
  bool start_pods();
  bool collect_garbage();

  std::map<std::string, Store> stores_;  // by plural
  std::int64_t next_version_ = 1;
};

}  // namespace rmq::operator_
