// java.lang.String.hashCode() of UTF-8 text: 31 * h + unit over the UTF-16 units. Consume queues store it of TAGS and
// index files of "topic#key", so the value is part of the disk format.
#pragma once

#include <cstdint>
#include <string_view>

namespace rmq::protocol {

// Malformed bytes count as U+FFFD, one for each maximal broken part, as Java's decoder replaces them.
// `seed` is the hash of the text before: java_hash(b, java_hash(a)) == java_hash(a + b) when `a` ends on a character.
std::int32_t java_hash(std::string_view utf8, std::int32_t seed = 0);

}  // namespace rmq::protocol
