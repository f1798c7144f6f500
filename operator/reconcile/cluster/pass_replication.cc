// Groups with several replicas: their Controller, who of them is master, and how a pod goes without harm.
#include <algorithm>
#include <charconv>

#include "operator/api/broker_group.h"
#include "operator/build/names.h"
#include "operator/kube/json_access.h"
#include "operator/reconcile/cluster/kinds.h"
#include "operator/reconcile/cluster/pass.h"

namespace rmq::operator_ {

using kube::find_at;
using kube::text_at;
using nlohmann::json;

namespace {

// -1: not a pod of a set.
std::int64_t ordinal_of(std::string_view pod) {
  std::int64_t ordinal = -1;
  const auto dash = pod.rfind('-');
  if (dash == std::string_view::npos) return -1;
  auto [end, error] = std::from_chars(pod.data() + dash + 1, pod.data() + pod.size(), ordinal);
  return error == std::errc() && end == pod.data() + pod.size() ? ordinal : -1;
}

constexpr std::string_view kMaster = "master";
constexpr std::string_view kSlave = "slave";

}  // namespace

void Pass::look_at_groups() {
  views_.clear();
  if (!has_controller(cluster_)) return;
  for (std::int64_t group = 0; group < groups_; ++group) {
    const auto name = broker_group_name(cluster_, group);
    auto view = controllers_.view(key(), name);
    views_.push_back(view ? std::move(view) : recorded_view(name));
  }
}

// While our Controller still reads what is stored, the status goes on saying what the last one wrote.
std::optional<GroupView> Pass::recorded_view(const std::string& group) const {
  auto object = world_.find(kBrokerGroups, {cluster_.name_space, group});
  if (!object) return std::nullopt;
  const auto recorded = broker_group_status(*object);
  if (recorded.master_epoch == 0 || recorded.uid != text_at(*object, {"metadata", "uid"})) return std::nullopt;
  GroupView view{.master = recorded.master, .master_epoch = recorded.master_epoch, .current = false};
  for (const auto& pod : recorded.sync_set) view.replicas.push_back({.pod = pod, .alive = true, .in_sync = true});
  if (!recorded.elections.empty()) view.may_lose = recorded.elections.back().may_lose;
  return view;
}

const GroupView* Pass::view_of(std::int64_t group) const {
  const auto index = static_cast<std::size_t>(group);
  return index < views_.size() && views_[index] ? &*views_[index] : nullptr;
}

Status Pass::controller() {
  if (!has_controller(cluster_)) {
    controllers_.end(key());
    return {};
  }
  for (std::int64_t group = 0; group < groups_; ++group) RMQ_CHECK_OK(ensure_broker_group(group));
  RMQ_CHECK_OK(ensure(kServices, controller_service(cluster_, defaults_)));
  RMQ_CHECK_OK(serve());
  look_at_groups();
  return {};
}

Status Pass::serve() {
  RMQ_TRY(auto endpoint, controllers_.serve(cluster_));
  return ensure(kEndpointSlices, controller_endpoint_slice(cluster_, defaults_, endpoint.ip, endpoint.port));
}

// A group is new while nothing of it has ever been on a disk: then its first broker may be master at once.
Result<bool> Pass::is_new_group(std::int64_t group) {
  const auto name = broker_group_name(cluster_, group);
  if (world_.find(kStatefulSets, {cluster_.name_space, name})) return false;
  for (std::int64_t i = 0; i < cluster_.spec.broker_groups.replicas_per_group; ++i) {
    auto claim = world_.read(kClaims, {cluster_.name_space, "store-" + pod_name(name, i)});
    if (claim) return false;
    if (claim.error().kind != ErrorKind::kNotFound) return fail(std::move(claim).error());
  }
  return true;
}

Status Pass::ensure_broker_group(std::int64_t group) {
  const auto name = broker_group_name(cluster_, group);
  auto live = world_.find(kBrokerGroups, {cluster_.name_space, name});
  bool new_group = false;
  if (live) {
    if (find_at(*live, {"metadata", "deletionTimestamp"}) != nullptr && Applier::owns(cluster_, *live)) {
      problem("BrokerGroupDeleted",
              "BrokerGroup " + name + " was deleted by hand; it holds who is master and stays until the group goes");
      return {};
    }
    const auto* recorded = find_at(*live, {"spec", "newGroup"});
    new_group = recorded != nullptr && recorded->is_boolean() && recorded->get<bool>();
  } else {
    RMQ_TRY(new_group, is_new_group(group));
  }
  return ensure(kBrokerGroups, broker_group(cluster_, defaults_, group, new_group));
}

// Without a master the service stays where it was: whoever was there is the likeliest to come back.
std::int64_t Pass::master_ordinal(std::int64_t group) const {
  const auto* view = view_of(group);
  if (view != nullptr) {
    const auto pod = pod_of_address(broker_group_name(cluster_, group), view->master);
    if (!pod.empty()) return ordinal_of(pod);  // a broker from elsewhere that joined by hand is no pod of ours
  }
  if (!has_controller(cluster_)) return 0;
  auto service = world_.find(kServices, {cluster_.name_space, broker_group_name(cluster_, group)});
  if (!service) return 0;
  return std::max<std::int64_t>(ordinal_of(text_at(*service, {"spec", "selector", kPodNameLabel})), 0);
}

// Fewer replicas than the StatefulSet has: one goes at a time, when it is not master and all that stay are in sync.
std::int64_t Pass::replicas_now(std::int64_t group) {
  const auto index = static_cast<std::size_t>(group);
  if (index < replicas_now_.size()) return replicas_now_[index];
  const auto wanted = cluster_.spec.broker_groups.replicas_per_group;
  const auto name = broker_group_name(cluster_, group);
  auto replicas = wanted;
  auto set = world_.find(kStatefulSets, {cluster_.name_space, name});
  const auto live = set ? kube::int_at(*set, {"spec", "replicas"}) : 0;
  if (live > wanted) {
    replicas = live;
    const auto* view = view_of(group);
    std::string behind;
    for (std::int64_t i = 0; i < wanted && view != nullptr; ++i) {
      if (const auto pod = pod_name(name, i); !view->in_sync(pod)) behind = pod;
    }
    const auto leaving = pod_name(name, live - 1);
    if (view == nullptr || !view->current || !behind.empty()) {
      progress("ScalingIn",
               "waiting for " + (behind.empty() ? name : behind) + " to be in sync before " + leaving + " is removed");
    } else if (view->master == leaving) {
      controllers_.switch_over(key(), name, pod_name(name, 0));
      progress("ScalingIn", "waiting for " + pod_name(name, 0) + " to be master before " + leaving + " is removed");
    } else {
      replicas = live - 1;
      progress("ScalingIn", "removing " + leaving);
    }
  }
  replicas_now_.push_back(replicas);
  return replicas;
}

// What a removed replica leaves: its service, and its id in the group.
Status Pass::give_up_removed(std::int64_t group) {
  const auto* view = view_of(group);
  if (view == nullptr || !view->current) return {};
  const auto name = broker_group_name(cluster_, group);
  for (const auto& replica : view->replicas) {
    const auto ordinal = ordinal_of(replica.pod);
    if (ordinal < replicas_now(group) || world_.find(kPods, {cluster_.name_space, replica.pod})) continue;
    controllers_.forget_replica(key(), name, replica.pod);
  }
  for (const auto& service : world_.select(kServices, cluster_.name_space, broker_group_selector(cluster_, group))) {
    const auto pod = text_at(*service, {"metadata", "name"});
    if (pod_of_address(name, pod) != pod || ordinal_of(pod) < replicas_now(group)) continue;
    if (world_.find(kPods, {cluster_.name_space, pod})) continue;
    RMQ_CHECK_OK(applier_.remove(cluster_, kServices, pod));
  }
  return {};
}

// Groups beyond the count: when their brokers are gone, what was decided about them may go.
Status Pass::remove_broker_groups() {
  for (const auto& object : world_.select(kBrokerGroups, cluster_.name_space, broker_selector(cluster_))) {
    const auto name = kube::key_of(*object);
    const auto group = ordinal_of(name.name);
    if (group < groups_ || surplus_.contains(group) || !Applier::owns(cluster_, *object)) continue;
    if (world_.find(kStatefulSets, name)) continue;
    RMQ_CHECK_OK(applier_.remove(cluster_, kBrokerGroups, name.name));
    auto released = world_.patch(kBrokerGroups, name, {{"metadata", {{"finalizers", nullptr}}}}, {});
    if (!released && released.error().kind != ErrorKind::kNotFound) return fail(std::move(released).error());
    controllers_.forget_group(key(), name.name);
  }
  return {};
}

std::vector<PodFacts> Pass::with_sync_state(std::int64_t group, std::vector<PodFacts> pods) const {
  if (!has_controller(cluster_)) return pods;
  const auto* view = view_of(group);
  // Without any mastership yet a broker of an older template is one that knows no Controller, from when the group had
  // one replica: the others wait for it.
  const bool waits_for_all = view != nullptr && view->current && view->master_epoch == 0;
  for (auto& pod : pods) {
    pod.lagging = view == nullptr || !view->in_sync(pod.name);
    if (waits_for_all && pod.outdated) pod.ready = false;
  }
  return pods;
}

// False: the pod is master and must not go yet. One that does not serve may go in any case.
bool Pass::make_way(const PodFacts& pod) {
  for (std::int64_t group = 0; group < groups_; ++group) {
    const auto* view = view_of(group);
    const auto name = broker_group_name(cluster_, group);
    if (pod_of_address(name, pod.name) != pod.name || !has_controller(cluster_) || !pod.ready) continue;
    if (view == nullptr || !view->current) {
      progress("RollingUpdate", "waiting for the Controller of " + name);
      return false;
    }
    if (view->master != pod.name) continue;
    const auto next = std::find_if(view->replicas.begin(), view->replicas.end(), [&](const ReplicaView& replica) {
      return replica.pod != pod.name && replica.alive && replica.in_sync;
    });
    if (next == view->replicas.end()) {
      progress("RollingUpdate", "waiting for a replica that can take over from " + pod.name);
    } else {
      progress("RollingUpdate", "making " + next->pod + " master before " + pod.name + " is replaced");
      controllers_.switch_over(key(), name, next->pod);
    }
    return false;
  }
  return true;
}

Status Pass::roles() {
  for (std::int64_t group = 0; group < groups_; ++group) {
    const auto* view = view_of(group);
    if (view == nullptr) continue;
    for (const auto& pod : broker_pods_[static_cast<std::size_t>(group)]) {
      const auto role = pod.name == view->master ? kMaster : kSlave;
      if (pod.role == role || pod.deleting) continue;
      auto patched =
          world_.patch(kPods, {cluster_.name_space, pod.name},
                       {{"metadata", {{"uid", pod.uid}, {"labels", {{std::string(kRoleLabel), role}}}}}}, {});
      if (!patched && patched.error().kind != ErrorKind::kNotFound && patched.error().kind != ErrorKind::kConflict) {
        return fail(std::move(patched).error());
      }
    }
  }
  return {};
}

void Pass::judge_groups(std::vector<Problem>& problems) const {
  for (std::int64_t group = 0; group < groups_; ++group) {
    const auto* view = view_of(group);
    if (view == nullptr || !view->master.empty() || view->master_epoch == 0) continue;
    problems.push_back({"NoMaster", broker_group_name(cluster_, group) + " has no master" +
                                        (view->waiting.empty() ? "" : ": " + view->waiting)});
  }
}

void Pass::judge_replication(ClusterStatus& status, const std::string& now) const {
  if (!spec_known_) return;
  if (!has_controller(cluster_)) {
    std::erase_if(status.conditions, [](const Condition& condition) { return condition.type == kUncleanElection; });
    return;
  }
  if (std::any_of(views_.begin(), views_.end(), [](const auto& view) { return !view; })) return;
  Condition condition{.type = std::string(kUncleanElection),
                      .status = ConditionStatus::kFalse,
                      .reason = "AsExpected",
                      .observed_generation = cluster_.generation};
  for (std::int64_t group = 0; group < groups_; ++group) {
    const auto* view = view_of(group);
    if (view == nullptr || view->may_lose.empty()) continue;
    condition.status = ConditionStatus::kTrue;
    condition.reason = "MessagesMayBeLost";
    condition.message +=
        (condition.message.empty() ? "" : "; ") + broker_group_name(cluster_, group) + ": " + view->may_lose;
  }
  set_condition(status.conditions, std::move(condition), now);
}

}  // namespace rmq::operator_
