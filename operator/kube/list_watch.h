// The rules of following a collection: LIST in pages, then WATCH from the list's resourceVersion, for ever.
// No I/O, no clock: answers in, next steps out. Not thread-safe. Rules as in client-go's reflector and the Kubernetes
// documentation ("API Concepts", "Efficient detection of changes"):
// - 410 for a page, as a watch's status or as an ERROR event inside it: list anew;
// - a watch that ends, cleanly or not: watch anew from the last resourceVersion seen, bookmarks included;
// - another 4xx, 504 ("too large resource version", after a restored etcd): list anew, for our version may be bad;
// - waits grow from 0.8 to 30 s while nothing succeeds and start over once something does.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.h"
#include "operator/kube/backoff.h"

namespace rmq::kube {

struct ListWatchOptions {
  std::string path;  // collection_path()
  std::string label_selector;
  std::string field_selector;
  unsigned page_limit = 250;
  std::chrono::seconds watch_timeout{300};  // asked of the server; up to the same again is added, against herds
  BackoffLimits backoff;
};

struct Step {
  enum class What { kList, kWatch };
  What what = What::kList;
  std::chrono::milliseconds delay{0};  // before it is sent
  std::string target;
};

struct PageTaken {
  bool first = false;  // forget the pages collected before
  bool last = false;   // the collection is complete
  Step next;
};

enum class EventType { kAdded, kModified, kDeleted, kBookmark, kExpired, kFailed };

class ListWatch {
 public:
  ListWatch(ListWatchOptions options, std::uint64_t seed);

  Step start() { return list_step(std::chrono::milliseconds(0)); }

  // A page came (HTTP 200). kInvalid if it is no list; then call list_failed(0).
  Result<PageTaken> page(const nlohmann::json& list);
  // A page did not come; http_status 0: no answer at all.
  Step list_failed(int http_status, std::chrono::seconds retry_after = {});

  // One event of the watch ({"type":..., "object":...}). kInvalid if it is none; then end the watch.
  // After kExpired and kFailed the watch is over too.
  Result<EventType> event(const nlohmann::json& event);
  // The watch is over; http_status other than 200: it never began; 0: no answer.
  Step watch_ended(int http_status, std::chrono::seconds retry_after = {});

  const std::string& resource_version() const { return resource_version_; }

 private:
  Step list_step(std::chrono::milliseconds delay);
  Step watch_step(std::chrono::milliseconds delay);
  std::chrono::milliseconds failure_delay(std::chrono::seconds retry_after);

  const ListWatchOptions options_;
  Backoff backoff_;
  Jitter jitter_;
  std::string resource_version_;
  std::string continue_;
  bool collecting_ = false;     // between a first and a last page
  unsigned expired_lists_ = 0;  // in a row; from the second on without pages, which cannot expire
  bool fruitful_ = false;       // the watch brought something
  bool relist_ = false;
};

}  // namespace rmq::kube
