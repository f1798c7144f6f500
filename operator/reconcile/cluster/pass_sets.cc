// StatefulSets: what of them can change, how their volumes grow, and what their pods are.
#include <algorithm>
#include <optional>

#include "operator/api/quantity.h"
#include "operator/build/names.h"
#include "operator/build/parts.h"
#include "operator/kube/json_access.h"
#include "operator/reconcile/cluster/kinds.h"
#include "operator/reconcile/cluster/pass.h"

namespace rmq::operator_ {

using kube::find_at;
using kube::text_at;
using nlohmann::json;

namespace {

const json& claim_of(const json& set) {
  static const json kNone = json::object();
  const auto* claims = find_at(set, {"spec", "volumeClaimTemplates"});
  return claims != nullptr && claims->is_array() && !claims->empty() ? claims->front() : kNone;
}

std::optional<std::string> class_of(const json& claim) {
  const auto* name = find_at(claim, {"spec", "storageClassName"});
  if (name == nullptr || !name->is_string()) return std::nullopt;
  return name->get<std::string>();
}

std::string size_of(const json& claim) {
  return text_at(claim, {"spec", "resources", "requests", "storage"});
}

int compare_sizes(const std::string& a, const std::string& b) {
  auto left = parse_quantity(a);
  auto right = parse_quantity(b);
  if (!left || !right || *left == *right) return 0;
  return *left < *right ? -1 : 1;
}

// The manifest with the claim as it is now, for as long as a wanted change of storage can't be had.
json with_claim_of(json wanted, const json& live) {
  auto& claim = wanted["spec"]["volumeClaimTemplates"][0]["spec"];
  claim["resources"]["requests"]["storage"] = size_of(claim_of(live));
  claim.erase("storageClassName");
  if (auto name = class_of(claim_of(live))) claim["storageClassName"] = *name;
  wanted["metadata"].erase("annotations");
  return with_applied_hash(std::move(wanted));
}

}  // namespace

bool Pass::storage_may_change(const json& live, const StorageSpec& storage) {
  const auto name = text_at(live, {"metadata", "name"});
  const auto& claim = claim_of(live);
  if (class_of(claim) != storage.storage_class) {
    problem("StorageChangeRefused", name + ": storage.class can't change");
    return false;
  }
  if (compare_sizes(storage.size, size_of(claim)) < 0) {
    problem("StorageChangeRefused", name + ": storage.size can't shrink (it is " + size_of(claim) + ")");
    return false;
  }
  return true;
}

Status Pass::ensure_stateful_set(json wanted, const StorageSpec& storage) {
  const auto key = kube::key_of(wanted);
  auto live = world_.find(kStatefulSets, key);
  const bool ours =
      live && Applier::owns(cluster_, *live) && find_at(*live, {"metadata", "deletionTimestamp"}) == nullptr;
  if (ours) {
    if (!storage_may_change(*live, storage)) {
      wanted = with_claim_of(std::move(wanted), *live);
    } else if (compare_sizes(storage.size, size_of(claim_of(*live))) > 0) {
      bool grown = false;
      RMQ_CHECK_OK(grow_storage(*live, storage, grown));
      if (grown) return {};
      wanted = with_claim_of(std::move(wanted), *live);
    }
  }
  RMQ_CHECK_OK(ensure(kStatefulSets, wanted));
  if (!live) world_.event(resource_, EventType::kNormal, "Created", "created StatefulSet " + key.name);
  return {};
}

// A StatefulSet's claim template can't be edited: the claims are, then the set is deleted without its pods, and the
// next pass makes it anew and adopts them.
Status Pass::grow_storage(const json& live, const StorageSpec& storage, bool& grown) {
  const auto set = kube::key_of(live);
  const auto replicas = kube::int_at(live, {"spec", "replicas"});
  for (std::int64_t i = 0; i < replicas; ++i) {
    const kube::ObjectKey key{set.ns, "store-" + pod_name(set.name, i)};
    auto claim = world_.read(kClaims, key);
    if (!claim && claim.error().kind == ErrorKind::kNotFound) continue;
    if (!claim) return fail(std::move(claim).error());
    if (compare_sizes(size_of(*claim), storage.size) >= 0) continue;
    json patch{{"spec", {{"resources", {{"requests", {{"storage", storage.size}}}}}}}};
    auto patched = world_.patch(kClaims, key, patch, {});
    if (patched) continue;
    if (patched.error().kind != ErrorKind::kDenied && patched.error().kind != ErrorKind::kInvalid) {
      return fail(std::move(patched).error());
    }
    problem("StorageGrowthRefused", key.name + ": " + patched.error().message);
    return {};
  }
  grown = true;
  world_.event(resource_, EventType::kNormal, "GrowingStorage", "volumes of " + set.name + " grow to " + storage.size);
  progress("GrowingStorage", "volumes of " + set.name + " grow to " + storage.size);
  return world_.remove(kStatefulSets, set, text_at(live, {"metadata", "uid"}), kube::Propagation::kOrphan);
}

bool Pass::is_rolled_out_by_controller(const json& wanted) const {
  auto live = world_.find(kStatefulSets, kube::key_of(wanted));
  return live && find_at(*live, {"metadata", "deletionTimestamp"}) == nullptr &&
         text_at(*live, {"spec", "template", "metadata", "annotations", kTemplateHashAnnotation}) ==
             text_at(wanted, {"spec", "template", "metadata", "annotations", kTemplateHashAnnotation}) &&
         kube::int_at(*live, {"status", "observedGeneration"}) >= kube::int_at(*live, {"metadata", "generation"});
}

std::vector<PodFacts> Pass::facts_of(const Labels& selector, const std::string& wanted_hash) const {
  std::vector<PodFacts> facts;
  for (const auto& pod : world_.select(kPods, cluster_.name_space, selector)) {
    facts.push_back(pod_facts(*pod, wanted_hash));
  }
  std::sort(facts.begin(), facts.end(), [](const PodFacts& a, const PodFacts& b) { return a.ordinal < b.ordinal; });
  return facts;
}

}  // namespace rmq::operator_
