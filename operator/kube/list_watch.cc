#include "operator/kube/list_watch.h"

#include <nlohmann/json.hpp>

#include "operator/kube/json_access.h"
#include "operator/kube/resource.h"

namespace rmq::kube {

using std::chrono::milliseconds;
using std::chrono::seconds;

ListWatch::ListWatch(ListWatchOptions options, std::uint64_t seed)
    : options_(std::move(options)), backoff_(options_.backoff, seed), jitter_(seed ^ 0x5bd1e995) {}

Step ListWatch::list_step(milliseconds delay) {
  const bool paged = options_.page_limit > 0 && expired_lists_ < 2;
  return {Step::What::kList, delay,
          options_.path + query({{"labelSelector", options_.label_selector},
                                 {"fieldSelector", options_.field_selector},
                                 {"limit", paged ? std::to_string(options_.page_limit) : ""},
                                 {"continue", continue_}})};
}

Step ListWatch::watch_step(milliseconds delay) {
  fruitful_ = false;
  relist_ = false;
  const auto base = options_.watch_timeout.count();
  const auto timeout = base + static_cast<std::int64_t>(jitter_.next() * static_cast<double>(base));
  return {Step::What::kWatch, delay,
          options_.path + query({{"watch", "true"},
                                 {"allowWatchBookmarks", "true"},
                                 {"labelSelector", options_.label_selector},
                                 {"fieldSelector", options_.field_selector},
                                 {"resourceVersion", resource_version_},
                                 {"timeoutSeconds", std::to_string(timeout)}})};
}

milliseconds ListWatch::failure_delay(seconds retry_after) {
  return std::max(backoff_.next(), milliseconds(retry_after));
}

Result<PageTaken> ListWatch::page(const nlohmann::json& list) {
  const auto* items = find_at(list, {"items"});
  const auto version = text_at(list, {"metadata", "resourceVersion"});
  // "items" may be null for an empty collection.
  if (items == nullptr || !(items->is_array() || items->is_null()) || version.empty()) {
    return fail(ErrorKind::kInvalid, "not a list");
  }
  PageTaken taken;
  taken.first = !collecting_;
  continue_ = text_at(list, {"metadata", "continue"});
  taken.last = continue_.empty();
  collecting_ = !taken.last;
  if (taken.last) {
    resource_version_ = version;
    expired_lists_ = 0;
    backoff_.reset();
    taken.next = watch_step(milliseconds(0));
  } else {
    taken.next = list_step(milliseconds(0));
  }
  return taken;
}

Step ListWatch::list_failed(int http_status, seconds retry_after) {
  // A page that did not come for want of a connection can be asked for again; any other answer starts anew.
  if (http_status == 410) ++expired_lists_;
  if (http_status != 0 && http_status != 429 && http_status < 500) {
    continue_.clear();
    collecting_ = false;
  }
  if (http_status == 410 && expired_lists_ == 1) return list_step(milliseconds(0));
  return list_step(failure_delay(retry_after));
}

Result<EventType> ListWatch::event(const nlohmann::json& event) {
  const auto type = text_at(event, {"type"});
  const auto* object = find_at(event, {"object"});
  if (object == nullptr || !object->is_object()) return fail(ErrorKind::kInvalid, "not a watch event");
  if (type == "ERROR") {
    const auto code = int_at(*object, {"code"});
    relist_ = code == 410 || code == 504 || (code >= 400 && code < 500 && code != 429);
    return relist_ ? EventType::kExpired : EventType::kFailed;
  }
  EventType out;
  if (type == "ADDED") {
    out = EventType::kAdded;
  } else if (type == "MODIFIED") {
    out = EventType::kModified;
  } else if (type == "DELETED") {
    out = EventType::kDeleted;
  } else if (type == "BOOKMARK") {
    out = EventType::kBookmark;
  } else {
    return fail(ErrorKind::kInvalid, "watch event of type '" + type + "'");
  }
  auto version = text_at(*object, {"metadata", "resourceVersion"});
  if (version.empty()) return fail(ErrorKind::kInvalid, "watch event without a resourceVersion");
  resource_version_ = std::move(version);
  fruitful_ = true;
  backoff_.reset();
  return out;
}

Step ListWatch::watch_ended(int http_status, seconds retry_after) {
  const bool refused = http_status != 200 && http_status != 0;
  if (refused && (http_status == 410 || http_status == 504 ||
                  (http_status >= 400 && http_status < 500 && http_status != 401 && http_status != 429))) {
    relist_ = true;
  }
  const auto delay = fruitful_ ? milliseconds(0) : failure_delay(retry_after);
  if (!relist_) return watch_step(delay);
  relist_ = false;
  continue_.clear();
  collecting_ = false;
  return list_step(delay);
}

}  // namespace rmq::kube
