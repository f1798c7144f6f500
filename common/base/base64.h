// Standard base64 (RFC 4648, section 4).
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rmq {

// White space is skipped; kInvalid on any other foreign character or on wrong padding.
Result<std::string> decode_base64(std::string_view text);
std::string encode_base64(std::string_view bytes);

}  // namespace rmq
