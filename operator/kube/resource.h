// What kind of object, which object, and the REST paths that lead to them.
#pragma once

#include <compare>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json_fwd.hpp>

namespace rmq::kube {

struct ResourceKind {
  std::string group;  // "" for the core group
  std::string version;
  std::string plural;  // "statefulsets"
  std::string kind;    // "StatefulSet"
  bool namespaced = true;

  std::string api_version() const { return group.empty() ? version : group + "/" + version; }
  bool operator==(const ResourceKind&) const = default;
};

struct ObjectKey {
  std::string ns;  // "" for cluster-wide kinds
  std::string name;

  std::string text() const { return ns.empty() ? name : ns + "/" + name; }
  auto operator<=>(const ObjectKey&) const = default;
};

ObjectKey key_of(const nlohmann::json& object);
// "ns/name" or "name", the inverse of ObjectKey::text().
ObjectKey parse_key(std::string_view text);

// "/apis/apps/v1/namespaces/ns/statefulsets"; an empty namespace means all of them.
std::string collection_path(const ResourceKind& kind, std::string_view ns);
// ".../statefulsets/name", followed by "/subresource" if there is one.
std::string object_path(const ResourceKind& kind, const ObjectKey& key, std::string_view subresource = {});

// "?a=b&c=d" with values percent-encoded; pairs with an empty value are left out; "" when none is left.
std::string query(std::initializer_list<std::pair<std::string_view, std::string>> parameters);

}  // namespace rmq::kube
