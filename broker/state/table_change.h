// A change of a DurableTable in the journal: three parts, of which the first two are a line each.
//
//   ["removed","names"]\n  what changes beside the entries\n  {"dataVersion":...,"topicConfigTable":{new and changed}}
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace rmq::broker {

struct TableChange {
  std::vector<std::string> removed;
  std::string_view aside;  // without a line end
  std::string_view table;
};

std::string encode_table_change(const TableChange& change);
// The views are of `payload`.
Result<TableChange> decode_table_change(std::string_view payload);

}  // namespace rmq::broker
