// The version of a table of configuration: name servers, brokers and slaves compare it to see whether theirs is old.
// Source: org.apache.rocketmq.remoting.protocol.DataVersion of release 5.5.0.
#pragma once

#include <compare>
#include <cstdint>

#include "common/protocol/body/json_body.h"

namespace rmq::protocol {

struct DataVersion {
  std::int64_t counter = 0;
  std::int64_t state_version = 0;
  std::int64_t timestamp = 0;  // wall-clock ms

  bool operator==(const DataVersion&) const = default;
  // Newer is greater: by stateVersion, then counter, then timestamp.
  std::strong_ordering operator<=>(const DataVersion& other) const {
    if (const auto c = state_version <=> other.state_version; c != 0) return c;
    if (const auto c = counter <=> other.counter; c != 0) return c;
    return timestamp <=> other.timestamp;
  }
  void next(std::int64_t wall_ms) {
    timestamp = wall_ms;
    ++counter;
  }

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("counter", self.counter);
    v.field("stateVersion", self.state_version);
    v.field("timestamp", self.timestamp);
  }
};

}  // namespace rmq::protocol
