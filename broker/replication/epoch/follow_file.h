// What a replica must not forget about masterships: the epochs it has accepted and promised (rules/slave_rules.h). Ours
// alone; the original has nothing like it. Text:
//
//   accepted=5
//   promised=6
//   crc=1234567       CRC-32 of the lines above, sign bit cleared
#pragma once

#include <string>
#include <string_view>

#include "broker/replication/rules/slave_rules.h"
#include "common/base/result.h"

namespace rmq::replication {

std::string format_follow_state(const FollowState& state);
Result<FollowState> parse_follow_state(std::string_view text);  // kInvalid: damaged

// No file: all zero. kCorrupt: damaged; what was promised is unknown, so the replica must not take part.
Result<FollowState> load_follow_state(const std::string& path);
// Durable when it returns.
Status store_follow_state(const std::string& path, const FollowState& state);

}  // namespace rmq::replication
