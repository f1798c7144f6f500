// Consumer offsets in the journal: all of them, or those of the groups and topics where something changed.
//
//   {"dataVersion":{...},"offsetTable":{"topic@group":{0:5}},"removed":["topic@group"],
//    "resetTable":{"topic@group":{0:2}},"resetRemoved":[]}
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "broker/offset/offset_table.h"
#include "common/base/result.h"
#include "common/protocol/body/data_version.h"

namespace rmq::broker {

struct OffsetChange {
  struct Part {
    std::map<std::string, QueueOffsets> present;  // with all their queues
    std::vector<std::string> removed;
  };
  protocol::DataVersion version;
  Part committed;
  Part reset;
};

std::string encode_offset_change(const OffsetChange& change);
Result<OffsetChange> decode_offset_change(std::string_view payload);

}  // namespace rmq::broker
