// One reconcile of one cluster: its steps and what they find out. Lives for that reconcile.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "common/base/clock.h"
#include "common/base/result.h"
#include "operator/api/cluster.h"
#include "operator/build/manifests.h"
#include "operator/reconcile/cluster/applier.h"
#include "operator/reconcile/cluster/controllers.h"
#include "operator/reconcile/cluster/pods.h"
#include "operator/reconcile/cluster/world.h"

namespace rmq::operator_ {

class Pass {
 public:
  Pass(World& world, Applier& applier, Controllers& controllers, const BuildDefaults& defaults, const Clock& clock,
       const nlohmann::json& resource);

  Status run();

 private:
  // What is wrong and a person may have to mend; becomes the condition Degraded.
  struct Problem {
    std::string reason;
    std::string message;
  };

  // The steps, in their order; each may end the chain by returning an error or by setting stop_.
  Status validate();
  Status plan_groups();
  Status controller();
  Status name_servers();
  Status config();
  Status services();
  Status broker_groups();
  Status budgets();
  Status scale_in();
  Status rollout();
  Status roles();
  Status write_status();

  // pass_sets.cc: StatefulSets and their claims.
  Status ensure_stateful_set(nlohmann::json wanted, const StorageSpec& storage);
  bool storage_may_change(const nlohmann::json& live, const StorageSpec& storage);
  Status grow_storage(const nlohmann::json& live, const StorageSpec& storage, bool& grown);
  bool is_rolled_out_by_controller(const nlohmann::json& wanted) const;
  std::vector<PodFacts> facts_of(const Labels& selector, const std::string& wanted_hash) const;
  Status roll(const std::vector<PodFacts>& pods, std::int64_t wanted_pods, bool& done);

  // pass_replication.cc: groups with several replicas.
  kube::ObjectKey key() const { return {cluster_.name_space, cluster_.name}; }
  Status serve();
  void look_at_groups();
  std::optional<GroupView> recorded_view(const std::string& group) const;
  Status remove_broker_groups();
  const GroupView* view_of(std::int64_t group) const;
  Status ensure_broker_group(std::int64_t group);
  Result<bool> is_new_group(std::int64_t group);
  std::int64_t master_ordinal(std::int64_t group) const;
  std::int64_t replicas_now(std::int64_t group);
  Status give_up_removed(std::int64_t group);
  bool make_way(const PodFacts& pod);
  std::vector<PodFacts> with_sync_state(std::int64_t group, std::vector<PodFacts> pods) const;
  void judge_groups(std::vector<Problem>& problems) const;
  void judge_replication(ClusterStatus& status, const std::string& now) const;

  // pass_status.cc
  void observe(ClusterStatus& status) const;
  void judge(ClusterStatus& status) const;
  Condition ready_condition(const ClusterStatus& status) const;
  void tell(const ClusterStatus& before, const ClusterStatus& after);

  Status ensure(const kube::ResourceKind& kind, const nlohmann::json& manifest);
  void problem(std::string reason, std::string message);
  void progress(std::string reason, std::string message);

  World& world_;
  Applier& applier_;
  Controllers& controllers_;
  const BuildDefaults& defaults_;
  const Clock& clock_;
  const nlohmann::json& resource_;
  Cluster cluster_;

  bool stop_ = false;                            // later steps but the status are left out
  bool spec_known_ = false;                      // the spec was read and is valid
  std::int64_t groups_ = 0;                      // that are kept up: the count, or more while a scale-in is refused
  std::set<std::int64_t> surplus_;               // groups beyond the count with a StatefulSet
  std::vector<std::optional<GroupView>> views_;  // by group; empty: groups of one broker
  std::vector<std::int64_t> replicas_now_;       // by group: pods that its StatefulSet has for now
  std::vector<PodFacts> name_server_pods_;
  std::vector<std::vector<PodFacts>> broker_pods_;  // by group
  std::vector<Problem> problems_;
  std::vector<Problem> progress_;  // what is under way
};

}  // namespace rmq::operator_
