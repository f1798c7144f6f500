// The look of the original's config/*.json: compact JSON spread over lines with tabs, as fastjson2 2.0.59's
// PrettyFormat does.
#pragma once

#include <string>
#include <string_view>

namespace rmq::broker {

// `compact` is JSON without blanks outside strings, in any of fastjson's dialects (bare keys stay as they are).
std::string pretty_json(std::string_view compact);

}  // namespace rmq::broker
