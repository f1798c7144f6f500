// The verbs of the Kubernetes API on any kind of object, blocking. For worker threads, never for the event loop's.
// Thread-safe. Errors: see api_error.h; kTimeout, kUnavailable, kDenied also from the way to the server.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.h"
#include "operator/kube/api_server.h"
#include "operator/kube/resource.h"

namespace rmq::kube {

struct ListOptions {
  std::string label_selector;
  std::string field_selector;
  unsigned page_limit = 500;
};

struct ObjectList {
  std::vector<nlohmann::json> items;  // with apiVersion and kind filled in
  std::string resource_version;
};

struct ApplyOptions {
  std::string field_manager = "rocketmq-operator";
  bool force = true;        // take over fields that others own; else kConflict names them
  std::string subresource;  // "status", or ""
  bool dry_run = false;
};

struct PatchOptions {
  std::string field_manager = "rocketmq-operator";
  std::string subresource;
};

enum class Propagation { kDefault, kBackground, kForeground, kOrphan };

struct DeleteOptions {
  Propagation propagation = Propagation::kBackground;
  std::string uid;               // only if it still is this object; else kConflict
  std::string resource_version;  // only if it has not changed since; else kConflict
  std::optional<std::int64_t> grace_seconds;
};

class Client {
 public:
  // A request's limit, where none is given to a call.
  static constexpr std::chrono::milliseconds kTimeout{30'000};

  explicit Client(ApiServer& server) : server_(server) {}

  Result<nlohmann::json> get(const ResourceKind& kind, const ObjectKey& key,
                             std::chrono::milliseconds timeout = kTimeout);
  // All pages; begun anew (at most twice, the last time without pages) when the server forgets where we were (410).
  Result<ObjectList> list(const ResourceKind& kind, std::string_view ns, const ListOptions& options = {});
  Result<nlohmann::json> create(const ResourceKind& kind, const nlohmann::json& object,
                                std::chrono::milliseconds timeout = kTimeout);
  // PUT; kConflict if metadata.resourceVersion is given and no longer the object's.
  Result<nlohmann::json> replace(const ResourceKind& kind, const nlohmann::json& object,
                                 std::string_view subresource = {}, std::chrono::milliseconds timeout = kTimeout);
  // Server-side apply. `object` holds name, namespace and the fields we want; apiVersion and kind are filled in.
  Result<nlohmann::json> apply(const ResourceKind& kind, nlohmann::json object, const ApplyOptions& options = {});
  // JSON merge patch (RFC 7386).
  Result<nlohmann::json> merge_patch(const ResourceKind& kind, const ObjectKey& key, const nlohmann::json& patch,
                                     const PatchOptions& options = {});
  Status remove(const ResourceKind& kind, const ObjectKey& key, const DeleteOptions& options = {});

  // For /version, /readyz and the like: the text of an answer 200.
  Result<std::string> get_text(const std::string& target);

  ApiServer& server() { return server_; }

 private:
  Result<nlohmann::json> send(std::string method, std::string target, std::string content_type = {},
                              std::string body = {}, std::chrono::milliseconds timeout = kTimeout);

  ApiServer& server_;
};

}  // namespace rmq::kube
