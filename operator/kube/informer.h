// Keeps a cache of one collection up to date: LIST, then WATCH, for ever (list_watch.h has the rules).
// All runs on the ApiServer's event loop; an informer costs a connection and its objects, no thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "operator/kube/api_server.h"
#include "operator/kube/list_watch.h"
#include "operator/kube/object_cache.h"
#include "operator/kube/resource.h"

namespace rmq::kube {

// Drops what nobody here reads: managedFields and kubectl's last-applied annotation.
void drop_bookkeeping(nlohmann::json& object);

struct InformerOptions {
  ResourceKind kind;
  std::string ns;  // "": all
  std::string label_selector;
  std::string field_selector;
  // Trims an object before it is cached; must leave name, namespace, uid and resourceVersion.
  std::function<void(nlohmann::json&)> project = drop_bookkeeping;
  unsigned page_limit = 250;
  std::chrono::seconds watch_timeout{300};
  // Silence after which a watch is opened anew. Servers send bookmarks about once a minute.
  std::chrono::milliseconds idle_timeout{180'000};
  BackoffLimits backoff;
};

// Run on the loop's thread and must not block: put a key into a WorkQueue and return.
struct InformerHandlers {
  std::function<void(const ObjectPtr& object)> added;
  std::function<void(const ObjectPtr& before, const ObjectPtr& after)> updated;
  std::function<void(const ObjectPtr& object)> deleted;  // as last seen
};

struct InformerHealth {
  bool synced = false;
  std::int64_t silent_ms = -1;  // since the last page, event or bookmark; -1: none ever
  std::uint64_t lists = 0;      // complete ones
  std::uint64_t watches = 0;    // opened
  std::size_t objects = 0;
  std::string last_error;  // "" once something succeeded after it
};

// Thread-safe. The server must outlive it. Handlers are added before start().
class Informer {
 public:
  Informer(ApiServer& server, InformerOptions options);
  ~Informer();  // stop()
  Informer(const Informer&) = delete;

  void add_handlers(InformerHandlers handlers);
  void start();
  // When it returns no handler runs any more, unless called from a handler. Idempotent.
  void stop();

  ObjectPtr get(const ObjectKey& key) const;
  std::vector<ObjectPtr> list(const std::string& ns = {}) const;
  // The first list is in the cache and its handlers were called.
  bool synced() const;
  // False if not synced within the limit. Not on the loop's thread.
  bool wait_synced(std::chrono::milliseconds limit) const;
  InformerHealth health() const;
  const ResourceKind& kind() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace rmq::kube
