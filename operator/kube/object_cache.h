// The objects of one collection as last seen, and what changed. Reads are snapshots: an object once handed out never
// changes. Thread-safe; written by one thread.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "operator/kube/resource.h"

namespace rmq::kube {

using ObjectPtr = std::shared_ptr<const nlohmann::json>;

struct Change {
  ObjectPtr before;  // null: added
  ObjectPtr after;   // null: deleted
};

class ObjectCache {
 public:
  // Readers. get() gives null if there is none; list() of "" gives all namespaces, in the keys' order.
  ObjectPtr get(const ObjectKey& key) const;
  std::vector<ObjectPtr> list(const std::string& ns = {}) const;
  std::size_t size() const;

  // The writer. A change whose resourceVersion is the one already held is none.
  std::vector<Change> replace(const std::vector<ObjectPtr>& objects);
  std::vector<Change> put(ObjectPtr object);
  std::vector<Change> remove(const ObjectKey& key);

 private:
  mutable std::shared_mutex mutex_;
  std::map<ObjectKey, ObjectPtr> objects_;
};

}  // namespace rmq::kube
