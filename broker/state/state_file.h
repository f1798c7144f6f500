// Reading the broker's state files at start.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rmq::broker {

// Gives the content of `path` to `decode`, or of `path.bak` when `path` is missing, empty or refused by `decode` (as
// the original falls back). Nothing at all there is success without a call. `decode` must change nothing when it fails.
Status load_state_file(const std::string& path, const std::function<Status(std::string_view)>& decode);

}  // namespace rmq::broker
