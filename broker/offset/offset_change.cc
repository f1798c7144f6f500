#include "broker/offset/offset_change.h"

#include <nlohmann/json.hpp>

#include "broker/offset/offset_file.h"
#include "common/base/json.h"

namespace rmq::broker {
namespace {

void append_part(std::string& out, std::string_view table, std::string_view removed, const OffsetChange::Part& part) {
  out.append(",\"").append(table).append("\":{");
  const char* separator = "";
  for (const auto& [key, offsets] : part.present) {
    append_json_string(out += separator, key);
    append_queue_offsets(out += ':', offsets);
    separator = ",";
  }
  out.append("},\"").append(removed).append("\":[");
  separator = "";
  for (const auto& key : part.removed) {
    append_json_string(out += separator, key);
    separator = ",";
  }
  out += ']';
}

Status decode_part(const nlohmann::json& json, const char* table, const char* removed, OffsetChange::Part& part) {
  if (const auto found = json.find(table); found != json.end() && found->is_object()) {
    for (const auto& [key, queues] : found->items()) {
      RMQ_TRY(auto offsets, decode_queue_offsets(queues));
      part.present.emplace(key, std::move(offsets));
    }
  }
  if (const auto found = json.find(removed); found != json.end() && found->is_array()) {
    for (const auto& key : *found) {
      if (!key.is_string()) return fail(ErrorKind::kCorrupt, "removed offsets without a name");
      part.removed.push_back(key.get<std::string>());
    }
  }
  return {};
}

}  // namespace

std::string encode_offset_change(const OffsetChange& change) {
  std::string out = R"({"dataVersion":)";
  protocol::append_body(out, change.version);
  append_part(out, "offsetTable", "removed", change.committed);
  append_part(out, "resetTable", "resetRemoved", change.reset);
  return out += '}';
}

Result<OffsetChange> decode_offset_change(std::string_view payload) {
  RMQ_TRY(auto json, parse_fastjson(payload, {.max_depth = 16, .max_values = 64UL * 1024 * 1024}));
  if (!json.is_object()) return fail(ErrorKind::kCorrupt, "not an object");
  OffsetChange change;
  if (const auto version = json.find("dataVersion"); version != json.end()) {
    RMQ_TRY(change.version, protocol::parse_body<protocol::DataVersion>(version->dump()));
  }
  RMQ_CHECK_OK(decode_part(json, "offsetTable", "removed", change.committed));
  RMQ_CHECK_OK(decode_part(json, "resetTable", "resetRemoved", change.reset));
  return change;
}

}  // namespace rmq::broker
