// How the JSON bodies go to and from text.
//
// A body is a plain struct whose static visit() names its fields, in the alphabetical order fastjson writes them; both
// directions walk it. field() is always written; nullable() is left out while empty, as fastjson leaves out nulls.
// Reading tolerates unknown fields, nulls (the default stays), numbers and booleans as strings, bare and object keys.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rmq::protocol {

enum class JsonStyle : std::uint8_t {
  kFastjson,  // numeric keys bare, `{0:"ip:port"}`: what the original writes by default
  kStandard,  // numeric keys quoted
};

// kInvalid on malformed JSON, a value of the wrong kind or out of range, or past the limits of common/base/json.h.
// Defined for the body structs of this folder.
template <class Body>
Result<Body> parse_body(std::string_view json);

template <class Body>
void append_body(std::string& out, const Body& body, JsonStyle style = JsonStyle::kFastjson);

template <class Body>
std::string to_body(const Body& body, JsonStyle style = JsonStyle::kFastjson) {
  std::string out;
  append_body(out, body, style);
  return out;
}

}  // namespace rmq::protocol
