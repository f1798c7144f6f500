#include "operator/reconcile/cluster/kube_world.h"

#include <algorithm>

#include "operator/kube/json_access.h"
#include "operator/reconcile/cluster/kinds.h"

namespace rmq::operator_ {

using kube::find_at;
using kube::text_at;
using nlohmann::json;

namespace {

// The cluster an object belongs to: itself, its owner, or (pods, whose owner is a StatefulSet) what its label says.
std::string cluster_of(const json& object) {
  const auto key = kube::key_of(object);
  if (text_at(object, {"kind"}) == kClusterKind) return key.text();
  if (const auto* owners = find_at(object, {"metadata", "ownerReferences"}); owners && owners->is_array()) {
    for (const auto& owner : *owners) {
      if (text_at(owner, {"kind"}) == kClusterKind) return kube::ObjectKey{key.ns, text_at(owner, {"name"})}.text();
    }
  }
  return kube::ObjectKey{key.ns, text_at(object, {"metadata", "labels", kInstanceLabel})}.text();
}

void keep_members(json& object, std::initializer_list<const char*> names) {
  if (!object.is_object()) return;
  auto kept = json::object();
  for (const char* name : names) {
    if (auto member = object.find(name); member != object.end()) kept[name] = std::move(*member);
  }
  object = std::move(kept);
}

// Of pods only what pod_facts() reads: they are the largest and most frequently changing objects here.
void trim_pod(json& pod) {
  kube::drop_bookkeeping(pod);
  pod.erase("spec");
  auto status = pod.find("status");
  if (status != pod.end()) keep_members(*status, {"phase", "message", "conditions", "containerStatuses"});
}

bool carries(const json& object, const Labels& labels) {
  return std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
    return text_at(object, {"metadata", "labels", label.first}) == label.second;
  });
}

}  // namespace

KubeWorld::KubeWorld(kube::ApiServer& server, KubeWorldOptions options, Notify notify)
    : server_(server),
      client_(server),
      options_(std::move(options)),
      notify_(std::move(notify)),
      recorder_(server, {.controller = std::string(kGroup) + "/operator", .instance = options_.instance}) {
  add_informers(kClusters, false, kube::drop_bookkeeping);
  add_informers(kStatefulSets, true, kube::drop_bookkeeping);
  add_informers(kServices, true, kube::drop_bookkeeping);
  add_informers(kConfigMaps, true, kube::drop_bookkeeping);
  add_informers(kBudgets, true, kube::drop_bookkeeping);
  add_informers(kBrokerGroups, true, kube::drop_bookkeeping);
  add_informers(kEndpointSlices, true, kube::drop_bookkeeping);
  add_informers(kPods, true, trim_pod);
  if (options_.network_policies) add_informers(kNetworkPolicies, true, kube::drop_bookkeeping);
}

KubeWorld::~KubeWorld() {
  stop();
}

void KubeWorld::add_informers(const kube::ResourceKind& kind, bool ours_only, const std::function<void(json&)>& trim) {
  auto namespaces = options_.namespaces;
  if (namespaces.empty()) namespaces.emplace_back();
  for (const auto& ns : namespaces) {
    kube::InformerOptions options{.kind = kind, .ns = ns};
    if (ours_only) options.label_selector = std::string(kManagedByLabel) + "=" + std::string(kManager);
    options.project = trim;
    auto informer = std::make_unique<kube::Informer>(server_, std::move(options));
    informer->add_handlers(
        {.added = [this](const ObjectPtr& object) { notify_(cluster_of(*object)); },
         .updated = [this](const ObjectPtr&, const ObjectPtr& object) { notify_(cluster_of(*object)); },
         .deleted = [this](const ObjectPtr& object) { notify_(cluster_of(*object)); }});
    if (kind == kPods && options_.pod_changed) {
      informer->add_handlers(
          {.added = [this](const ObjectPtr& object) { options_.pod_changed(nullptr, object); },
           .updated = [this](const ObjectPtr& before, const ObjectPtr& after) { options_.pod_changed(before, after); },
           .deleted = [this](const ObjectPtr& object) { options_.pod_changed(object, nullptr); }});
    }
    informers_[kind.plural][ns] = std::move(informer);
  }
}

void KubeWorld::start() {
  for (auto& [plural, by_namespace] : informers_) {
    for (auto& [ns, informer] : by_namespace) informer->start();
  }
}
void KubeWorld::stop() {
  for (auto& [plural, by_namespace] : informers_) {
    for (auto& [ns, informer] : by_namespace) informer->stop();
  }
}
bool KubeWorld::synced() const {
  return wait_synced(std::chrono::milliseconds(0));
}

bool KubeWorld::wait_synced(std::chrono::milliseconds limit) const {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  for (const auto& [plural, by_namespace] : informers_) {
    for (const auto& [ns, informer] : by_namespace) {
      if (informer->synced()) continue;
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
      if (left.count() <= 0 || !informer->wait_synced(left)) return false;
    }
  }
  return true;
}

const kube::Informer* KubeWorld::informer(const kube::ResourceKind& kind, const std::string& ns) const {
  auto by_namespace = informers_.find(kind.plural);
  if (by_namespace == informers_.end()) return nullptr;
  auto found = by_namespace->second.find(options_.namespaces.empty() ? "" : ns);
  return found == by_namespace->second.end() ? nullptr : found->second.get();
}

std::vector<ObjectPtr> KubeWorld::clusters() const {
  std::vector<ObjectPtr> all;
  for (const auto& [ns, informer] : informers_.at(kClusters.plural)) {
    auto some = informer->list();
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

ObjectPtr KubeWorld::find(const kube::ResourceKind& kind, const kube::ObjectKey& key) const {
  const auto* source = informer(kind, key.ns);
  return source == nullptr ? nullptr : source->get(key);
}

std::vector<ObjectPtr> KubeWorld::select(const kube::ResourceKind& kind, const std::string& ns,
                                         const Labels& labels) const {
  const auto* source = informer(kind, ns);
  if (source == nullptr) return {};
  auto objects = source->list(ns);
  std::erase_if(objects, [&](const ObjectPtr& object) { return !carries(*object, labels); });
  return objects;
}

Result<json> KubeWorld::read(const kube::ResourceKind& kind, const kube::ObjectKey& key) {
  ++reads_;
  return client_.get(kind, key);
}

Status KubeWorld::check_may_write() const {
  if (options_.may_write()) return {};
  return fail(ErrorKind::kUnavailable, "this operator is not the leader any more");
}

Result<json> KubeWorld::apply(const kube::ResourceKind& kind, const json& manifest) {
  RMQ_CHECK_OK(check_may_write());
  ++applies_;
  return client_.apply(kind, manifest, {.field_manager = std::string(kManager), .force = true});
}

Result<json> KubeWorld::patch(const kube::ResourceKind& kind, const kube::ObjectKey& key, const json& patch,
                              std::string_view subresource) {
  RMQ_CHECK_OK(check_may_write());
  ++patches_;
  return client_.merge_patch(kind, key, patch,
                             {.field_manager = std::string(kManager), .subresource = std::string(subresource)});
}

Status KubeWorld::remove(const kube::ResourceKind& kind, const kube::ObjectKey& key, const std::string& uid,
                         kube::Propagation propagation) {
  RMQ_CHECK_OK(check_may_write());
  ++removals_;
  auto removed = client_.remove(kind, key, {.propagation = propagation, .uid = uid});
  // Gone, or another one by now: the cache will tell.
  if (!removed && (removed.error().kind == ErrorKind::kNotFound || removed.error().kind == ErrorKind::kConflict)) {
    return {};
  }
  return removed;
}

void KubeWorld::event(const json& about, EventType type, std::string_view reason, const std::string& message) {
  if (type == EventType::kWarning) {
    recorder_.warning(about, reason, message);
  } else {
    recorder_.normal(about, reason, message);
  }
}

KubeWorld::Counts KubeWorld::counts() const {
  return {applies_, patches_, removals_, reads_};
}

std::size_t KubeWorld::cached_objects() const {
  std::size_t count = 0;
  for (const auto& [plural, by_namespace] : informers_) {
    for (const auto& [ns, informer] : by_namespace) count += informer->health().objects;
  }
  return count;
}

}  // namespace rmq::operator_
