#include "operator/reconcile/cluster/compare.h"

#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

#include "operator/api/quantity.h"

namespace rmq::operator_ {

using nlohmann::json;

namespace {

// What the API server leaves out of an answer.
bool is_empty(const json& value) {
  switch (value.type()) {
    case json::value_t::null: return true;
    case json::value_t::boolean: return !value.get<bool>();
    case json::value_t::string: return value.get_ref<const std::string&>().empty();
    case json::value_t::object:
    case json::value_t::array:
      return std::all_of(value.begin(), value.end(), [](const json& part) { return is_empty(part); });
    default: return false;
  }
}

bool is_named(const json& value) {
  if (!value.is_object()) return false;
  auto name = value.find("name");
  return name != value.end() && name->is_string();
}

bool is_list_of_named(const json& list) {
  return !list.empty() && std::all_of(list.begin(), list.end(), is_named);
}

const json* find_named(const json& list, const json& name) {
  for (const auto& item : list) {
    if (is_named(item) && item["name"] == name) return &item;
  }
  return nullptr;
}

std::string scalar_text(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

bool scalars_agree(const json& live, const json& wanted) {
  if (live == wanted) return true;
  if (live.is_structured() || wanted.is_structured()) return false;
  auto a = parse_quantity(scalar_text(live));
  auto b = parse_quantity(scalar_text(wanted));
  return a && b && *a == *b;
}

bool lists_agree(const json& live, const json& wanted) {
  if (is_list_of_named(wanted)) {
    return std::all_of(wanted.begin(), wanted.end(), [&](const json& item) {
      const auto* found = find_named(live, item["name"]);
      return found != nullptr && covers(*found, item);
    });
  }
  return std::equal(live.begin(), live.end(), wanted.begin(), wanted.end(),
                    [](const json& a, const json& b) { return covers(a, b); });
}

}  // namespace

bool covers(const json& live, const json& wanted) {
  if (wanted.is_object() && live.is_object()) {
    for (const auto& [key, value] : wanted.items()) {
      auto member = live.find(key);
      if (member == live.end() ? !is_empty(value) : !covers(*member, value)) return false;
    }
    return true;
  }
  if (wanted.is_array() && live.is_array()) return lists_agree(live, wanted);
  return scalars_agree(live, wanted) || (live.is_null() && is_empty(wanted));
}

json project(const json& live, const json& wanted) {
  if (wanted.is_object() && live.is_object()) {
    auto out = json::object();
    for (const auto& [key, value] : wanted.items()) {
      if (auto member = live.find(key); member != live.end()) out[key] = project(*member, value);
    }
    return out;
  }
  if (wanted.is_array() && live.is_array()) {
    auto out = json::array();
    if (is_list_of_named(wanted)) {
      for (const auto& item : wanted) {
        if (const auto* found = find_named(live, item["name"])) out.push_back(project(*found, item));
      }
      return out;
    }
    for (std::size_t i = 0; i < live.size(); ++i) {
      out.push_back(i < wanted.size() ? project(live[i], wanted[i]) : live[i]);
    }
    return out;
  }
  return live;
}

}  // namespace rmq::operator_
