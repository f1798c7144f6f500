// The Controller's requests and answers between the wire (headers and bodies of release 5.5.0) and the election's
// words.
#pragma once

#include <string>
#include <string_view>

#include "common/protocol/command.h"
#include "operator/election/messages.h"

namespace rmq::controller {

struct ParsedRequest {
  std::string cluster;  // empty where the request does not say
  std::string group;    // the broker name
  election::Request request;
};

// 904, 1001-1004, 1011-1013. kInvalid names what is missing or malformed; kUnsupported: another code.
Result<ParsedRequest> parse_request(const protocol::CommandView& command);

// The answer to a request of `code`.
protocol::Command to_command(std::int32_t code, std::string_view cluster, std::string_view group,
                             const election::Answer& answer);

}  // namespace rmq::controller
