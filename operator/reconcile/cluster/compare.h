// Whether a live object still is what its manifest says. Pure.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace rmq::operator_ {

// True if every field of `wanted` is in `live` with the same meaning. Live objects have more: defaults, what others
// set, status. Quantities are compared by amount; lists of named things by name; what the API server drops because it
// is empty may be missing.
bool covers(const nlohmann::json& live, const nlohmann::json& wanted);

// `live`, cut down to the fields that `wanted` names. Two equal projections: nothing of ours changed in between.
nlohmann::json project(const nlohmann::json& live, const nlohmann::json& wanted);

}  // namespace rmq::operator_
