#include "operator/controller_kube/kube_controllers.h"

#include "common/base/log.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers/controller.h"
#include "common/protocol/headers/header_codec.h"
#include "operator/controller_kube/controller_entry.h"
#include "operator/controller_kube/group_view.h"
#include "operator/controller_kube/pod_evidence.h"
#include "operator/kube/json_access.h"
#include "operator/reconcile/cluster/kinds.h"

namespace rmq::operator_ {

using controller::ControllerServer;
using kube::ObjectKey;
using kube::text_at;
using nlohmann::json;

namespace {

constexpr unsigned kWorkers = 2;
constexpr std::chrono::milliseconds kCleanTimeout{3000};

election::Mode mode_of(Replication replication) {
  switch (replication) {
    case Replication::kSync: return election::Mode::kSync;
    case Replication::kQuorum: return election::Mode::kQuorum;
    case Replication::kAsync: break;
  }
  return election::Mode::kAsync;
}

// What of a spec a Controller goes by.
bool same_policy(const BrokerGroupsSpec& a, const BrokerGroupsSpec& b) {
  return a.replication == b.replication && a.replicas_per_group == b.replicas_per_group && a.flush == b.flush &&
         a.count == b.count && a.failover.unclean_election == b.failover.unclean_election &&
         a.failover.lease_ms == b.failover.lease_ms &&
         a.failover.heartbeat_timeout_ms == b.failover.heartbeat_timeout_ms;
}

}  // namespace

KubeControllers::KubeControllers(kube::ApiServer& server, World& world, const Clock& clock,
                                 KubeControllersOptions options, std::function<void(const std::string&)> notify)
    : api_(server),
      world_(world),
      clock_(clock),
      options_(std::move(options)),
      notify_(std::move(notify)),
      queue_(clock, {std::chrono::milliseconds(50), std::chrono::milliseconds(5'000)}) {
  workers_ = std::make_unique<kube::Workers>(queue_, kWorkers, [this](const std::string& key) { return work(key); });
}

KubeControllers::~KubeControllers() {
  stop();
}

void KubeControllers::stop() {
  std::map<ObjectKey, EntryPtr> entries;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    entries.swap(entries_);
  }
  workers_->stop();
  client_.close();
  for (auto& [key, entry] : entries) entry->server->stop();
}

KubeControllers::EntryPtr KubeControllers::find(const ObjectKey& cluster) const {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(cluster);
  return found == entries_.end() ? nullptr : found->second;
}

Result<ControllerEndpoint> KubeControllers::serve(const Cluster& cluster) {
  const ObjectKey key{cluster.name_space, cluster.name};
  auto entry = find(key);
  if (entry && entry->uid != cluster.uid) {
    end(key);
    entry = nullptr;
  }
  if (!entry) {
    RMQ_TRY(entry, start(cluster));
  } else {
    bool same = false;
    {
      std::lock_guard lock(entry->mutex);
      same = same_policy(entry->cluster.spec.broker_groups, cluster.spec.broker_groups);
      entry->cluster = cluster;
    }
    if (!same) entry->server->policy_changed();
  }
  return ControllerEndpoint{options_.address, entry->server->port()};
}

// Called for one cluster at a time: the reconcile never runs twice for a key.
Result<KubeControllers::EntryPtr> KubeControllers::start(const Cluster& cluster) {
  if (options_.address.empty()) {
    return fail(ErrorKind::kUnavailable, "the operator does not know its own address: set POD_IP");
  }
  auto entry = std::make_shared<Entry>();
  entry->key = {cluster.name_space, cluster.name};
  entry->uid = cluster.uid;
  entry->cluster = cluster;
  const std::weak_ptr<Entry> weak = entry;
  entry->store = std::make_unique<KubeGroupStore>(
      api_, clock_,
      KubeGroupStoreOptions{.cluster = entry->key,
                            .may_write = options_.may_write,
                            .manifest_of = [this, weak](const std::string& group) -> std::optional<json> {
                              auto self = weak.lock();
                              if (!self) return std::nullopt;
                              const auto now = self->snapshot();
                              const auto number = number_after_dash(group);
                              if (number < 0 || broker_group_name(now, number) != group) return std::nullopt;
                              // Its loss is no beginning: all replicas must answer.
                              return broker_group(now, options_.defaults, number, false);
                            }});
  controller::ControllerCallbacks callbacks;
  callbacks.may_lead = options_.may_write;
  callbacks.policy_of = [this, weak](const std::string& group) -> Result<election::Policy> {
    if (auto self = weak.lock()) return policy_of(self, group);
    return fail(ErrorKind::kUnavailable, "this controller ends");
  };
  callbacks.status_changed = [this, weak](const controller::GroupStatus& group) {
    if (auto self = weak.lock()) changed(self, group);
  };
  callbacks.elected = [this, weak](const std::string& group, const election::ElectionRecord& record) {
    if (auto self = weak.lock()) elected(self, group, record);
  };
  Status started;
  for (auto port = options_.first_port;; ++port) {
    controller::ControllerOptions options{.cluster = entry->key.text(),
                                          .port = port,
                                          .announced_address = controller_address(cluster),
                                          .self_id = "operator",
                                          .refused_connect_is_proof = false};  // addresses are Services'
    entry->server = std::make_unique<ControllerServer>(pool_, clock_, *entry->store, std::move(options), callbacks);
    started = entry->server->start();
    if (started || port >= options_.last_port) break;
  }
  if (!started) return fail(std::move(started).error().with("controller of " + entry->key.text()));
  {
    std::lock_guard lock(mutex_);
    if (stopped_) return fail(ErrorKind::kUnavailable, "the operator stops");
    entries_[entry->key] = entry;
  }
  entry->server->lead();
  log::info("controller serves", {{"cluster", entry->key.text()}, {"port", entry->server->port()}});
  return entry;
}

void KubeControllers::end(const ObjectKey& cluster) {
  EntryPtr entry;
  {
    std::lock_guard lock(mutex_);
    auto found = entries_.find(cluster);
    if (found == entries_.end()) return;
    entry = std::move(found->second);
    entries_.erase(found);
  }
  entry->server->stop();
  log::info("controller ends", {{"cluster", cluster.text()}});
}

Result<election::Policy> KubeControllers::policy_of(const EntryPtr& entry, const std::string& group) const {
  const auto cluster = entry->snapshot();
  const auto object = world_.find(kBrokerGroups, {entry->key.ns, group});
  const auto number = number_after_dash(group);
  if (number < 0 || broker_group_name(cluster, number) != group ||
      (!object && number >= cluster.spec.broker_groups.count)) {
    return fail(ErrorKind::kNotFound, group + " is no broker group of " + entry->key.text());
  }
  const auto& spec = cluster.spec.broker_groups;
  election::Policy policy;
  policy.mode = mode_of(spec.replication);
  policy.expected_replicas = static_cast<std::int32_t>(spec.replicas_per_group);
  policy.write_quorum = static_cast<std::int32_t>(quorum_of(spec.replicas_per_group));
  policy.unclean_allowed = spec.failover.unclean_election;
  policy.async_flush = spec.flush == Flush::kAsync;
  policy.lease_ms = spec.failover.lease_ms;
  policy.heartbeat_timeout_ms = spec.failover.heartbeat_timeout_ms;
  // An object that is younger than the brokers' StatefulSet came back from somewhere: its word counts for nothing.
  const auto set = world_.find(kStatefulSets, {entry->key.ns, group});
  const auto* is_new = object ? kube::find_at(*object, {"spec", "newGroup"}) : nullptr;
  policy.known_new =
      is_new != nullptr && is_new->is_boolean() && is_new->get<bool>() &&
      (!set || text_at(*object, {"metadata", "creationTimestamp"}) <= text_at(*set, {"metadata", "creationTimestamp"}));
  return policy;
}

std::optional<GroupView> KubeControllers::view(const ObjectKey& cluster, const std::string& group) const {
  auto entry = find(cluster);
  if (!entry) return std::nullopt;
  std::lock_guard lock(entry->mutex);
  auto found = entry->groups.find(group);
  return found == entry->groups.end() ? std::nullopt : std::optional(found->second.view);
}

void KubeControllers::switch_over(const ObjectKey& cluster, const std::string& group, const std::string& pod) {
  auto entry = find(cluster);
  if (!entry) return;
  std::optional<election::ReplicaId> id;
  {
    std::lock_guard lock(entry->mutex);
    const auto& state = entry->groups[group].state;
    if (!state) return;
    for (const auto& [candidate, replica] : state->replicas) {
      if (state->sync_set.contains(candidate) && pod_of(*state, candidate) == pod) id = candidate;
    }
  }
  if (!id) return;
  entry->server->request_switchover(group, *id, [this, key = cluster.text(), group, pod](const Status& status) {
    if (!status) log::warn("no switchover", {{"group", group}, {"to", pod}, {"error", status.error()}});
    notify_(key);
  });
}

// As mqadmin's cleanBrokerMetadata would: the Controller refuses while the replica lives or counts.
void KubeControllers::forget_replica(const ObjectKey& cluster, const std::string& group, const std::string& pod) {
  auto entry = find(cluster);
  if (!entry) return;
  std::string name, id_text;
  {
    std::lock_guard lock(entry->mutex);
    const auto& state = entry->groups[group].state;
    if (!state) return;
    for (const auto& [id, replica] : state->replicas) {
      if (pod_of(*state, id) == pod && !state->sync_set.contains(id)) id_text = std::to_string(id);
    }
    name = state->cluster;
  }
  if (id_text.empty()) return;
  protocol::CleanControllerBrokerDataRequest header;
  header.cluster_name = name;
  header.broker_name = group;
  header.broker_controller_ids_to_clean = id_text;
  protocol::Command request;
  request.code = protocol::RequestCode::kCleanBrokerData;
  protocol::set_header(request, header);
  client_.call("127.0.0.1:" + std::to_string(entry->server->port()), std::move(request), kCleanTimeout,
               [group, pod](const Result<protocol::Command>& answer) {
                 if (answer && answer->code == protocol::ResponseCode::kSuccess) {
                   log::info("a removed replica's id is given up", {{"group", group}, {"pod", pod}});
                 } else {
                   log::warn("a removed replica keeps its id for now",
                             {{"pod", pod}, {"why", answer ? answer->remark : answer.error().message}});
                 }
               });
}

void KubeControllers::forget_group(const ObjectKey& cluster, const std::string& group) {
  auto entry = find(cluster);
  if (!entry) return;
  entry->server->forget_group(group);
  std::lock_guard lock(entry->mutex);
  entry->groups.erase(group);
}

void KubeControllers::on_pod(const ObjectPtr& before, const ObjectPtr& after) {
  for (const auto& ended : ended_processes(before.get(), after.get())) {
    auto entry = find({ended.ns, ended.cluster});
    if (!entry) continue;
    const auto address = ended.pod + "." + ended.ns + ".svc:" + std::to_string(kBrokerPort);
    entry->server->on_process_dead(ended.group, address, ended.what);
  }
}

// On the server's thread.
void KubeControllers::changed(const EntryPtr& entry, const controller::GroupStatus& status) {
  auto now = view_of(status);
  auto lag = lag_of(status);
  bool view_changed = false;
  bool work_to_do = false;
  {
    std::lock_guard lock(entry->mutex);
    auto& group = entry->groups[status.name];
    view_changed = group.view != now;
    group.view = std::move(now);
    group.state = status.state;
    group.lag = std::move(lag);
    work_to_do = group.lag != group.written_lag || (!group.view.master.empty() && group.followed != group.view.master);
  }
  if (work_to_do) queue_.add(entry->group_key(status.name));
  if (view_changed) notify_(entry->key.text());
}

void KubeControllers::elected(const EntryPtr& entry, const std::string& group, const election::ElectionRecord& record) {
  election::GroupState state;
  {
    std::lock_guard lock(entry->mutex);
    if (auto known = entry->groups.find(group); known != entry->groups.end() && known->second.state) {
      state = *known->second.state;
    }
  }
  state.name = group;
  const auto sentence = sentence_of(record, state);
  const bool bad = !record.chosen || !record.may_be_lost.empty();
  const auto* reason = !record.may_be_lost.empty() ? "UncleanElection" : record.chosen ? "MasterElected" : "NoMaster";
  for (const auto& about : {world_.find(kBrokerGroups, {entry->key.ns, group}), world_.find(kClusters, entry->key)}) {
    if (about) world_.event(*about, bad ? EventType::kWarning : EventType::kNormal, reason, sentence);
  }
}

std::vector<KubeControllers::ClusterMetrics> KubeControllers::metrics() const {
  std::vector<EntryPtr> entries;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [key, entry] : entries_) entries.push_back(entry);
  }
  std::vector<ClusterMetrics> all;
  all.reserve(entries.size());
  for (const auto& entry : entries) all.push_back({entry->key, entry->server->metrics()});
  return all;
}

}  // namespace rmq::operator_
