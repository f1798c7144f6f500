#include "operator/kube/client.h"

#include <nlohmann/json.hpp>

#include "common/base/json.h"
#include "operator/kube/api_error.h"
#include "operator/kube/json_access.h"

namespace rmq::kube {
namespace {

using nlohmann::json;

constexpr char kJson[] = "application/json";
constexpr std::size_t kMaxListed = 200'000;

const char* to_text(Propagation propagation) {
  switch (propagation) {
    case Propagation::kBackground: return "Background";
    case Propagation::kForeground: return "Foreground";
    case Propagation::kOrphan: return "Orphan";
    case Propagation::kDefault: break;
  }
  return "";
}

// An empty or dotted name would lead to another resource: DELETE of a collection, for one.
Status check_key(const ResourceKind& kind, const ObjectKey& key) {
  if (key.name.empty() || key.name == "." || key.name == ".." || key.ns == "." || key.ns == "..") {
    return fail(ErrorKind::kInvalid, kind.kind + ": the name '" + key.name + "' names no object");
  }
  if (kind.namespaced && key.ns.empty())
    return fail(ErrorKind::kInvalid, kind.kind + " " + key.name + ": no namespace");
  return {};
}

std::string target_without_query(std::string_view target) {
  return std::string(target.substr(0, target.find('?')));
}

}  // namespace

Result<json> Client::send(std::string method, std::string target, std::string content_type, std::string body,
                          std::chrono::milliseconds timeout) {
  const std::string what = method + " " + target_without_query(target);
  HttpRequest request;
  request.method = std::move(method);
  request.target = std::move(target);
  request.content_type = std::move(content_type);
  request.body = std::move(body);
  request.timeout = timeout;
  auto answer = server_.call(request);
  if (!answer) return fail(std::move(answer).error().with(what));
  if (answer->status < 200 || answer->status > 299) return fail(to_error(answer->status, answer->body, what));
  auto parsed = parse_json(answer->body);
  if (!parsed) return fail(std::move(parsed).error().with(what));
  return parsed;
}

Result<json> Client::get(const ResourceKind& kind, const ObjectKey& key, std::chrono::milliseconds timeout) {
  RMQ_CHECK_OK(check_key(kind, key));
  return send("GET", object_path(kind, key), {}, {}, timeout);
}

Result<ObjectList> Client::list(const ResourceKind& kind, std::string_view ns, const ListOptions& options) {
  const std::string path = collection_path(kind, ns);
  std::string token;
  ObjectList out;
  for (int attempt = 0;;) {
    HttpRequest request;
    const bool paged = attempt < 2 && options.page_limit > 0;
    request.target = path + query({{"labelSelector", options.label_selector},
                                   {"fieldSelector", options.field_selector},
                                   {"limit", paged ? std::to_string(options.page_limit) : ""},
                                   {"continue", token}});
    auto answer = server_.call(request);
    if (!answer) return fail(std::move(answer).error().with("GET " + path));
    if (answer->status == 410 && attempt < 2) {
      ++attempt;
      token.clear();
      out = {};
      continue;
    }
    if (answer->status != 200) return fail(to_error(answer->status, answer->body, "GET " + path));
    auto page = parse_json(answer->body);
    if (!page) return fail(std::move(page).error().with("GET " + path));
    if (const auto* items = find_at(*page, {"items"}); items != nullptr && items->is_array()) {
      for (auto& item : (*page)["items"]) {
        if (!item.is_object()) continue;
        item["apiVersion"] = kind.api_version();
        item["kind"] = kind.kind;
        out.items.push_back(std::move(item));
      }
    }
    if (out.items.size() > kMaxListed) return fail(ErrorKind::kFull, "GET " + path + ": too many objects");
    token = text_at(*page, {"metadata", "continue"});
    out.resource_version = text_at(*page, {"metadata", "resourceVersion"});
    if (token.empty()) return out;
  }
}

Result<json> Client::create(const ResourceKind& kind, const json& object, std::chrono::milliseconds timeout) {
  if (kind.namespaced && key_of(object).ns.empty()) return fail(ErrorKind::kInvalid, kind.kind + ": no namespace");
  return send("POST", collection_path(kind, key_of(object).ns), kJson, kube::to_text(object), timeout);
}

Result<json> Client::replace(const ResourceKind& kind, const json& object, std::string_view subresource,
                             std::chrono::milliseconds timeout) {
  RMQ_CHECK_OK(check_key(kind, key_of(object)));
  return send("PUT", object_path(kind, key_of(object), subresource), kJson, kube::to_text(object), timeout);
}

Result<json> Client::apply(const ResourceKind& kind, json object, const ApplyOptions& options) {
  if (!object.is_object()) return fail(ErrorKind::kInvalid, "apply: not an object");
  RMQ_CHECK_OK(check_key(kind, key_of(object)));
  object["apiVersion"] = kind.api_version();
  object["kind"] = kind.kind;
  if (object.contains("metadata") && object["metadata"].is_object()) object["metadata"].erase("managedFields");
  const auto target =
      object_path(kind, key_of(object), options.subresource) + query({{"fieldManager", options.field_manager},
                                                                      {"force", options.force ? "true" : ""},
                                                                      {"dryRun", options.dry_run ? "All" : ""}});
  return send("PATCH", target, "application/apply-patch+yaml", kube::to_text(object));
}

Result<json> Client::merge_patch(const ResourceKind& kind, const ObjectKey& key, const json& patch,
                                 const PatchOptions& options) {
  RMQ_CHECK_OK(check_key(kind, key));
  return send("PATCH", object_path(kind, key, options.subresource) + query({{"fieldManager", options.field_manager}}),
              "application/merge-patch+json", kube::to_text(patch));
}

Status Client::remove(const ResourceKind& kind, const ObjectKey& key, const DeleteOptions& options) {
  RMQ_CHECK_OK(check_key(kind, key));
  json body{{"apiVersion", "v1"}, {"kind", "DeleteOptions"}};
  if (options.propagation != Propagation::kDefault) body["propagationPolicy"] = to_text(options.propagation);
  if (!options.uid.empty()) body["preconditions"]["uid"] = options.uid;
  if (!options.resource_version.empty()) body["preconditions"]["resourceVersion"] = options.resource_version;
  if (options.grace_seconds) body["gracePeriodSeconds"] = *options.grace_seconds;
  auto answer = send("DELETE", object_path(kind, key), kJson, kube::to_text(body));
  if (!answer) return fail(std::move(answer).error());
  return {};
}

Result<std::string> Client::get_text(const std::string& target) {
  HttpRequest request;
  request.target = target;
  auto answer = server_.call(request);
  if (!answer) return fail(std::move(answer).error().with("GET " + target));
  if (answer->status != 200) return fail(to_error(answer->status, answer->body, "GET " + target));
  return std::move(answer->body);
}

}  // namespace rmq::kube
