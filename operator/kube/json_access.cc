#include "operator/kube/json_access.h"

#include <nlohmann/json.hpp>

namespace rmq::kube {

using nlohmann::json;

const json* find_at(const json& object, JsonPath path) {
  const json* at = &object;
  for (const auto name : path) {
    if (!at->is_object()) return nullptr;
    const auto member = at->find(name);
    if (member == at->end()) return nullptr;
    at = &*member;
  }
  return at;
}

std::string text_at(const json& object, JsonPath path) {
  const json* found = find_at(object, path);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string();
}

std::int64_t int_at(const json& object, JsonPath path, std::int64_t otherwise) {
  const json* found = find_at(object, path);
  return found != nullptr && found->is_number_integer() ? found->get<std::int64_t>() : otherwise;
}

std::string to_text(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace rmq::kube
