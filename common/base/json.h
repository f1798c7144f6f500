// JSON with limits, in the dialects that RocketMQ's Java side (fastjson 1.2 and fastjson2) writes.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "common/base/result.h"

namespace rmq {

struct JsonLimits {
  std::size_t max_depth = 64;                // deeper nesting is refused
  std::size_t max_values = 4 * 1024 * 1024;  // so is a document with more values than this: memory stays bounded
};

// Strict JSON.
Result<nlohmann::json> parse_json(std::string_view text, const JsonLimits& limits = {});

// Strict JSON and what fastjson adds: bare keys (`{0:"a"}`, also true/null as keys) and objects as keys
// (`{{"topic":"T","queueId":0}:5}`). A bare key becomes its text; an object key becomes its compact JSON text, with
// members in the order written, so the caller parses it again.
Result<nlohmann::json> parse_fastjson(std::string_view text, const JsonLimits& limits = {});

// `text` as a JSON string literal with quotes, every character below 0x20 escaped.
void append_json_string(std::string& out, std::string_view text);

}  // namespace rmq
