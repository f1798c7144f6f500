// The `offsetTable` members of the original's state files.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "broker/offset/offset_table.h"
#include "common/base/result.h"

namespace rmq::broker {

// {0:5,1:6}
Result<QueueOffsets> decode_queue_offsets(const nlohmann::json& json);
void append_queue_offsets(std::string& out, const QueueOffsets& offsets);

}  // namespace rmq::broker
