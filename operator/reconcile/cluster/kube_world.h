// The real World: informers for what it reads, a client for what it writes.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "operator/kube/api_server.h"
#include "operator/kube/client.h"
#include "operator/kube/event_recorder.h"
#include "operator/kube/informer.h"
#include "operator/reconcile/cluster/world.h"

namespace rmq::operator_ {

struct KubeWorldOptions {
  std::vector<std::string> namespaces;  // empty: all
  bool network_policies = false;
  std::string instance = "rocketmq-operator";  // who reports events: the pod's name
  // Asked before each write: an operator that leads no more must not write any more.
  std::function<bool()> may_write = [] { return true; };
  // Each sight of one of our pods, on the event loop's thread; before null: added, after null: deleted.
  std::function<void(const ObjectPtr& before, const ObjectPtr& after)> pod_changed;
};

class KubeWorld final : public World {
 public:
  // Keys "namespace/name" of clusters that something happened to; called on the event loop's thread.
  using Notify = std::function<void(const std::string& cluster)>;

  // The server must outlive it.
  KubeWorld(kube::ApiServer& server, KubeWorldOptions options, Notify notify);
  ~KubeWorld() override;

  void start();
  void stop();
  bool synced() const;
  bool wait_synced(std::chrono::milliseconds limit) const;
  std::vector<ObjectPtr> clusters() const;

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

  // For metrics.
  struct Counts {
    std::uint64_t applies = 0;
    std::uint64_t patches = 0;
    std::uint64_t removals = 0;
    std::uint64_t reads = 0;
  };
  Counts counts() const;
  std::size_t cached_objects() const;

 private:
  void add_informers(const kube::ResourceKind& kind, bool ours_only, const std::function<void(nlohmann::json&)>& trim);
  const kube::Informer* informer(const kube::ResourceKind& kind, const std::string& ns) const;
  Status check_may_write() const;

  kube::ApiServer& server_;
  kube::Client client_;
  const KubeWorldOptions options_;
  const Notify notify_;
  kube::EventRecorder recorder_;
  std::map<std::string, std::map<std::string, std::unique_ptr<kube::Informer>>> informers_;  // plural, namespace
  std::atomic<std::uint64_t> applies_{0}, patches_{0}, removals_{0}, reads_{0};
};

}  // namespace rmq::operator_
