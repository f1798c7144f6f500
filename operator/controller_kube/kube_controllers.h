// The Controllers of this operator's clusters: one ControllerServer a cluster whose groups have several replicas, its
// state in BrokerGroup objects. Exists while the operator leads, and no longer.
//
// An election reaches the master's Service and the pods' labels at once, by workers of its own, and not only with the
// cluster's next pass.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/remoting/client.h"
#include "common/remoting/io_pool.h"
#include "operator/build/manifests.h"
#include "operator/controller/controller_server.h"
#include "operator/kube/api_server.h"
#include "operator/kube/work_queue.h"
#include "operator/reconcile/cluster/controllers.h"
#include "operator/reconcile/cluster/world.h"

namespace rmq::operator_ {

struct KubeControllersOptions {
  std::string address;  // where pods reach this operator; empty: no cluster can be served
  // Ports to listen at, one a cluster; both 0: the system picks.
  std::uint16_t first_port = 0;
  std::uint16_t last_port = 0;
  BuildDefaults defaults;
  std::function<bool()> may_write = [] { return true; };
};

// Thread-safe.
class KubeControllers final : public Controllers {
 public:
  // `notify`: something happened to a cluster that its reconcile should look at; "namespace/name".
  KubeControllers(kube::ApiServer& server, World& world, const Clock& clock, KubeControllersOptions options,
                  std::function<void(const std::string& cluster)> notify);
  ~KubeControllers() override;  // stop()

  Result<ControllerEndpoint> serve(const Cluster& cluster) override;
  void end(const kube::ObjectKey& cluster) override;
  std::optional<GroupView> view(const kube::ObjectKey& cluster, const std::string& group) const override;
  void switch_over(const kube::ObjectKey& cluster, const std::string& group, const std::string& pod) override;
  void forget_replica(const kube::ObjectKey& cluster, const std::string& group, const std::string& pod) override;
  void forget_group(const kube::ObjectKey& cluster, const std::string& group) override;

  // From the pods' informer; doesn't block.
  void on_pod(const ObjectPtr& before, const ObjectPtr& after);

  // Ends all servers and workers. Idempotent.
  void stop();

  struct ClusterMetrics {
    kube::ObjectKey cluster;
    controller::ControllerMetrics metrics;
  };
  std::vector<ClusterMetrics> metrics() const;

 private:
  struct Entry;
  using EntryPtr = std::shared_ptr<Entry>;

  EntryPtr find(const kube::ObjectKey& cluster) const;
  Result<EntryPtr> start(const Cluster& cluster);
  Result<election::Policy> policy_of(const EntryPtr& entry, const std::string& group) const;
  void changed(const EntryPtr& entry, const controller::GroupStatus& group);
  void elected(const EntryPtr& entry, const std::string& group, const election::ElectionRecord& record);
  Result<std::optional<std::chrono::milliseconds>> work(const std::string& key);
  Status follow_master(const EntryPtr& entry, const std::string& group);
  std::optional<std::chrono::milliseconds> show_lag(const EntryPtr& entry, const std::string& group);

  kube::ApiServer& api_;
  World& world_;
  const Clock& clock_;
  const KubeControllersOptions options_;
  const std::function<void(const std::string&)> notify_;
  remoting::IoPool pool_{1};
  remoting::Client client_{pool_};
  kube::WorkQueue queue_;  // "namespace/cluster/group"
  std::unique_ptr<kube::Workers> workers_;
  mutable std::mutex mutex_;
  std::map<kube::ObjectKey, EntryPtr> entries_;
  bool stopped_ = false;
};

}  // namespace rmq::operator_
