#include "broker/state/table_change.h"

#include <nlohmann/json.hpp>

#include "common/base/json.h"

namespace rmq::broker {

std::string encode_table_change(const TableChange& change) {
  std::string out = "[";
  const char* separator = "";
  for (const auto& name : change.removed) {
    append_json_string(out += separator, name);
    separator = ",";
  }
  out.append("]\n").append(change.aside).append("\n").append(change.table);
  return out;
}

Result<TableChange> decode_table_change(std::string_view payload) {
  const auto first = payload.find('\n');
  const auto second = first == std::string_view::npos ? first : payload.find('\n', first + 1);
  if (second == std::string_view::npos) return fail(ErrorKind::kCorrupt, "table change without its lines");
  RMQ_TRY(const auto names, parse_json(payload.substr(0, first)));
  TableChange change;
  if (!names.is_array()) return fail(ErrorKind::kCorrupt, "table change without names");
  for (const auto& name : names) {
    if (!name.is_string()) return fail(ErrorKind::kCorrupt, "table change with a bad name");
    change.removed.push_back(name.get<std::string>());
  }
  change.aside = payload.substr(first + 1, second - first - 1);
  change.table = payload.substr(second + 1);
  return change;
}

}  // namespace rmq::broker
