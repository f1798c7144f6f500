#include <algorithm>

#include "operator/kube/json_access.h"
#include "operator/reconcile/cluster/simulated_world.h"

namespace rmq::operator_ {

using kube::text_at;
using nlohmann::json;

namespace {

bool carries(const json& object, const Labels& labels) {
  return std::all_of(labels.begin(), labels.end(), [&](const auto& label) {
    return text_at(object, {"metadata", "labels", label.first}) == label.second;
  });
}

bool has_finalizers(const json& object) {
  const auto* finalizers = kube::find_at(object, {"metadata", "finalizers"});
  return finalizers != nullptr && finalizers->is_array() && !finalizers->empty();
}

json conditions(bool ready) {
  return {{"conditions", json::array({{{"type", "Ready"}, {"status", ready ? "True" : "False"}}})}};
}

}  // namespace

Status SimulatedWorld::count_write() {
  if (fail_write > 0 && --fail_write == 0) return fail(ErrorKind::kUnavailable, "the API server is away");
  ++writes;
  return {};
}

ObjectPtr SimulatedWorld::find(const kube::ResourceKind& kind, const kube::ObjectKey& key) const {
  auto store = stores_.find(kind.plural);
  if (store == stores_.end()) return nullptr;
  auto object = store->second.find(key);
  return object == store->second.end() ? nullptr : object->second;
}

std::vector<ObjectPtr> SimulatedWorld::select(const kube::ResourceKind& kind, const std::string& ns,
                                              const Labels& labels) const {
  std::vector<ObjectPtr> found;
  if (auto store = stores_.find(kind.plural); store != stores_.end()) {
    for (const auto& [key, object] : store->second) {
      if (key.ns == ns && carries(*object, labels)) found.push_back(object);
    }
  }
  return found;
}

Result<json> SimulatedWorld::read(const kube::ResourceKind& kind, const kube::ObjectKey& key) {
  if (auto object = find(kind, key)) return *object;
  return fail(ErrorKind::kNotFound, key.text());
}

// Keeps what the API server keeps: uid, generation that counts changes of the spec, a version that counts all.
void SimulatedWorld::store(const std::string& plural, json object) {
  const auto key = kube::key_of(object);
  auto& slot = stores_[plural][key];
  auto& metadata = object["metadata"];
  if (slot) {
    metadata["uid"] = (*slot)["metadata"]["uid"];
    metadata["generation"] = (*slot)["metadata"]["generation"];
    metadata["resourceVersion"] = (*slot)["metadata"]["resourceVersion"];
    if (*slot == object) return;
    if (slot->value("spec", json()) != object.value("spec", json())) {
      metadata["generation"] = metadata["generation"].get<int>() + 1;
    }
  } else {
    metadata["uid"] = "uid-" + std::to_string(next_version_);
    metadata["generation"] = 1;
  }
  metadata["resourceVersion"] = std::to_string(next_version_++);
  slot = std::make_shared<const json>(std::move(object));
}

void SimulatedWorld::put(const kube::ResourceKind& kind, json object) {
  store(kind.plural, std::move(object));
}
void SimulatedWorld::erase(const kube::ResourceKind& kind, const kube::ObjectKey& key) {
  stores_[kind.plural].erase(key);
}

json SimulatedWorld::at(const kube::ResourceKind& kind, const std::string& ns, const std::string& name) const {
  auto object = find(kind, {ns, name});
  return object ? *object : json();
}
std::size_t SimulatedWorld::count(const kube::ResourceKind& kind) const {
  auto store = stores_.find(kind.plural);
  return store == stores_.end() ? 0 : store->second.size();
}

Result<json> SimulatedWorld::apply(const kube::ResourceKind& kind, const json& manifest) {
  RMQ_CHECK_OK(count_write());
  auto object = manifest;
  if (auto live = find(kind, kube::key_of(manifest))) {
    if (live->contains("status")) object["status"] = (*live)["status"];
    if (kind.plural == "statefulsets" &&
        (*live)["spec"]["volumeClaimTemplates"] != manifest["spec"]["volumeClaimTemplates"]) {
      return fail(ErrorKind::kInvalid, "updates to statefulset spec for fields other than ... are forbidden");
    }
  }
  store(kind.plural, std::move(object));
  return *find(kind, kube::key_of(manifest));
}

Result<json> SimulatedWorld::patch(const kube::ResourceKind& kind, const kube::ObjectKey& key, const json& patch,
                                   std::string_view subresource) {
  RMQ_CHECK_OK(count_write());
  auto live = find(kind, key);
  if (!live) return fail(ErrorKind::kNotFound, key.text());
  if (kind.plural == "persistentvolumeclaims" && !may_expand) {
    return fail(ErrorKind::kDenied, "only dynamically provisioned pvc can be resized");
  }
  auto version = text_at(patch, {"metadata", "resourceVersion"});
  if (!version.empty() && version != text_at(*live, {"metadata", "resourceVersion"})) {
    return fail(ErrorKind::kConflict, "the object has been modified");
  }
  auto object = *live;
  if (subresource == "status") {
    object["status"] = patch["status"];
  } else {
    object.merge_patch(patch);
  }
  if (kube::find_at(object, {"metadata", "deletionTimestamp"}) != nullptr && !has_finalizers(object)) {
    erase(kind, key);
    return object;
  }
  store(kind.plural, std::move(object));
  return *find(kind, key);
}

Status SimulatedWorld::remove(const kube::ResourceKind& kind, const kube::ObjectKey& key, const std::string& uid,
                              kube::Propagation propagation) {
  RMQ_CHECK_OK(count_write());
  auto live = find(kind, key);
  if (!live) return {};
  if (!uid.empty() && uid != text_at(*live, {"metadata", "uid"})) return fail(ErrorKind::kConflict, "another uid");
  if (kind.plural == "statefulsets" && propagation == kube::Propagation::kOrphan) {
    for (auto& [pod_key, pod] : stores_["pods"]) {
      auto orphan = *pod;
      if (text_at(orphan, {"spec", "set"}) == key.name) orphan["spec"]["orphan"] = true;
      pod = std::make_shared<const json>(std::move(orphan));
    }
  }
  if (has_finalizers(*live)) {
    auto leaving = *live;
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z";
    store(kind.plural, std::move(leaving));
    return {};
  }
  stores_[kind.plural].erase(key);
  least_ready = std::min(least_ready, ready_pods());
  return {};
}

void SimulatedWorld::event(const json&, EventType, std::string_view reason, const std::string& message) {
  events.push_back(std::string(reason) + ": " + message);
}

std::size_t SimulatedWorld::ready_pods() const {
  auto pods = stores_.find("pods");
  if (pods == stores_.end()) return 0;
  return static_cast<std::size_t>(std::count_if(pods->second.begin(), pods->second.end(), [](const auto& entry) {
    return entry.second->value("status", json::object()) == conditions(true);
  }));
}

bool SimulatedWorld::run_stateful_set(const json& set) {
  bool changed = false;
  const auto key = kube::key_of(set);
  for (int i = 0; i < set["spec"]["replicas"]; ++i) {
    const auto name = pod_name(key.name, i);
    if (auto present = find(kPods, {key.ns, name})) {
      if (!(*present)["spec"].value("orphan", false)) continue;
      auto adopted = *present;
      adopted["spec"].erase("orphan");
      put(kPods, std::move(adopted));
      continue;
    }
    json pod{{"metadata", set["spec"]["template"]["metadata"]}, {"spec", {{"set", key.name}}}};
    pod["metadata"]["name"] = name;
    pod["metadata"]["namespace"] = key.ns;
    pod["spec"]["containers"] = set["spec"]["template"]["spec"]["containers"];
    put(kPods, std::move(pod));
    const auto claim_name = "store-" + name;
    if (!find(kClaims, {key.ns, claim_name})) {
      auto claim = set["spec"]["volumeClaimTemplates"][0];
      claim["metadata"]["name"] = claim_name;
      claim["metadata"]["namespace"] = key.ns;
      put(kClaims, std::move(claim));
    }
    changed = true;
  }
  for (const auto& pod : select(kPods, key.ns, {})) {  // scaled down
    if (text_at(*pod, {"spec", "set"}) != key.name) continue;
    const auto name = kube::key_of(*pod).name;
    if (std::stoi(name.substr(name.rfind('-') + 1)) < set["spec"]["replicas"]) continue;
    erase(kPods, {key.ns, name});
    changed = true;
  }
  if (kube::int_at(set, {"status", "observedGeneration"}) != kube::int_at(set, {"metadata", "generation"})) {
    auto seen = set;
    seen["status"]["observedGeneration"] = set["metadata"]["generation"];
    put(kStatefulSets, std::move(seen));
    changed = true;
  }
  return changed;
}

bool SimulatedWorld::start_pods() {
  bool changed = false;
  for (const auto& [key, pod] : Store(stores_["pods"])) {
    if (pod->contains("status")) continue;
    auto started = *pod;
    const auto image = text_at(pod->at("spec").at("containers").at(0), {"image"});
    const bool bad = image.find("bad") != std::string::npos;
    started["status"] = conditions(!bad);
    if (bad) {
      started["status"]["containerStatuses"] =
          json::array({{{"state", {{"waiting", {{"reason", "ImagePullBackOff"}, {"message", "no image " + image}}}}}}});
    }
    put(kPods, std::move(started));
    changed = true;
  }
  return changed;
}

bool SimulatedWorld::collect_garbage() {
  bool changed = false;
  for (const auto& [key, pod] : Store(stores_["pods"])) {
    if ((*pod)["spec"].value("orphan", false) || find(kStatefulSets, {key.ns, text_at(*pod, {"spec", "set"})}))
      continue;
    erase(kPods, key);
    changed = true;
  }
  return changed;
}

bool SimulatedWorld::settle() {
  bool changed = collect_garbage();
  // New pods start in the round after they were made: there is a moment in which they are not ready.
  changed = start_pods() || changed;
  for (const auto& [key, set] : Store(stores_["statefulsets"])) changed = run_stateful_set(*set) || changed;
  return changed;
}

}  // namespace rmq::operator_
