#include "operator/kube/object_cache.h"

#include <mutex>

#include <nlohmann/json.hpp>

#include "operator/kube/json_access.h"

namespace rmq::kube {
namespace {

// A new object of the same name has another uid and is seen as a change too, for its version differs.
bool is_same(const nlohmann::json& a, const nlohmann::json& b) {
  return text_at(a, {"metadata", "resourceVersion"}) == text_at(b, {"metadata", "resourceVersion"}) &&
         text_at(a, {"metadata", "uid"}) == text_at(b, {"metadata", "uid"});
}

}  // namespace

ObjectPtr ObjectCache::get(const ObjectKey& key) const {
  std::shared_lock lock(mutex_);
  const auto found = objects_.find(key);
  return found == objects_.end() ? nullptr : found->second;
}

std::vector<ObjectPtr> ObjectCache::list(const std::string& ns) const {
  std::shared_lock lock(mutex_);
  std::vector<ObjectPtr> out;
  auto it = ns.empty() ? objects_.begin() : objects_.lower_bound({ns, ""});
  for (; it != objects_.end() && (ns.empty() || it->first.ns == ns); ++it) out.push_back(it->second);
  return out;
}

std::size_t ObjectCache::size() const {
  std::shared_lock lock(mutex_);
  return objects_.size();
}

std::vector<Change> ObjectCache::replace(const std::vector<ObjectPtr>& objects) {
  std::map<ObjectKey, ObjectPtr> next;
  for (const auto& object : objects) next.insert_or_assign(key_of(*object), object);
  std::vector<Change> changes;
  std::unique_lock lock(mutex_);
  for (const auto& [key, before] : objects_) {
    if (!next.contains(key)) changes.push_back({before, nullptr});
  }
  for (auto& [key, after] : next) {
    const auto found = objects_.find(key);
    if (found == objects_.end()) {
      changes.push_back({nullptr, after});
    } else if (is_same(*found->second, *after)) {
      after = found->second;
    } else {
      changes.push_back({found->second, after});
    }
  }
  objects_ = std::move(next);
  return changes;
}

std::vector<Change> ObjectCache::put(ObjectPtr object) {
  const auto key = key_of(*object);
  std::unique_lock lock(mutex_);
  auto& held = objects_[key];
  if (held && is_same(*held, *object)) return {};
  Change change{held, object};
  held = std::move(object);
  return {std::move(change)};
}

std::vector<Change> ObjectCache::remove(const ObjectKey& key) {
  std::unique_lock lock(mutex_);
  const auto found = objects_.find(key);
  if (found == objects_.end()) return {};
  Change change{found->second, nullptr};
  objects_.erase(found);
  return {std::move(change)};
}

}  // namespace rmq::kube
