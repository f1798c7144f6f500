#include "operator/kube/resource.h"

#include <nlohmann/json.hpp>

#include "operator/kube/json_access.h"

namespace rmq::kube {
namespace {

std::string percent_encode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  static constexpr std::string_view kPlain = "-._~";
  std::string out;
  for (const char c : text) {
    const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (alphanumeric || kPlain.find(c) != std::string_view::npos) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kHex[byte >> 4];
    out += kHex[byte & 15];
  }
  return out;
}

}  // namespace

ObjectKey key_of(const nlohmann::json& object) {
  return {text_at(object, {"metadata", "namespace"}), text_at(object, {"metadata", "name"})};
}

ObjectKey parse_key(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return {"", std::string(text)};
  return {std::string(text.substr(0, slash)), std::string(text.substr(slash + 1))};
}

std::string collection_path(const ResourceKind& kind, std::string_view ns) {
  std::string path = kind.group.empty() ? "/api/" + kind.version : "/apis/" + kind.group + "/" + kind.version;
  if (kind.namespaced && !ns.empty()) path += "/namespaces/" + percent_encode(ns);
  return path + "/" + kind.plural;
}

std::string object_path(const ResourceKind& kind, const ObjectKey& key, std::string_view subresource) {
  std::string path = collection_path(kind, key.ns) + "/" + percent_encode(key.name);
  if (!subresource.empty()) path.append("/").append(subresource);
  return path;
}

std::string query(std::initializer_list<std::pair<std::string_view, std::string>> parameters) {
  std::string out;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    out += out.empty() ? '?' : '&';
    out.append(name).append("=").append(percent_encode(value));
  }
  return out;
}

}  // namespace rmq::kube
