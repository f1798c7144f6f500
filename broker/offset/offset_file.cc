#include "broker/offset/offset_file.h"

#include <charconv>

#include <nlohmann/json.hpp>

namespace rmq::broker {

Result<QueueOffsets> decode_queue_offsets(const nlohmann::json& json) {
  if (!json.is_object()) return fail(ErrorKind::kCorrupt, "offsets are no object");
  QueueOffsets offsets;
  for (const auto& [text, offset] : json.items()) {
    std::int32_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || !offset.is_number_integer()) {
      return fail(ErrorKind::kCorrupt, "no offset: " + text);
    }
    offsets.emplace(number, offset.get<std::int64_t>());
  }
  return offsets;
}

void append_queue_offsets(std::string& out, const QueueOffsets& offsets) {
  out += '{';
  bool first = true;
  for (const auto& [number, offset] : offsets) {
    if (!first) out += ',';
    first = false;
    out += std::to_string(number);
    out += ':';
    out += std::to_string(offset);
  }
  out += '}';
}

}  // namespace rmq::broker
