// The text of a Java .properties file: what broker.conf, namesrv.conf and the configuration admin calls carry.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rmq {

using Properties = std::map<std::string, std::string, std::less<>>;

// Follows java.util.Properties: '#'/'!' comments, '=', ':' or blank as separator, backslash escapes and continued
// lines. The last of equal keys wins. Fails on a broken \uXXXX escape or on more than 1 MiB.
Result<Properties> parse_properties(std::string_view text);

// One `key=value` a line, as the original's admin answers do.
std::string format_properties(const Properties& properties);

}  // namespace rmq
