// Reading members of objects that came over the wire, where any of them may be missing or of another type.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace rmq::kube {

using JsonPath = std::initializer_list<std::string_view>;

// The member at `path` ({"metadata", "name"}), or nullptr.
const nlohmann::json* find_at(const nlohmann::json& object, JsonPath path);
// Its text, or "" if it is missing or no string.
std::string text_at(const nlohmann::json& object, JsonPath path);
// Its value, or `otherwise` if it is missing or no integer.
std::int64_t int_at(const nlohmann::json& object, JsonPath path, std::int64_t otherwise = 0);

// Compact text; invalid UTF-8 is replaced, never thrown at.
std::string to_text(const nlohmann::json& value);

}  // namespace rmq::kube
