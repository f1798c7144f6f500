#include "broker/offset/delay_offsets.h"

#include <nlohmann/json.hpp>

#include "broker/offset/offset_file.h"
#include "broker/state/pretty_json.h"
#include "common/base/file.h"
#include "common/base/json.h"

namespace rmq::broker {

DelayOffsets::DelayOffsets(const BrokerConfig& config, Checkpointer& checkpointer, const Clock& clock)
    : config_(config),
      checkpointer_(checkpointer),
      clock_(clock),
      file_(checkpointer.add(config.config_path("delayOffset.json"),
                             std::chrono::milliseconds(config.flush_delay_offset_interval), [this] {
                               dirty_ = false;
                               return pretty_json(encode());
                             })) {
  version_.timestamp = clock.wall_ms();
}

Status DelayOffsets::load() {
  auto text = read_file_or_backup(config_.config_path("delayOffset.json"));
  if (!text) return text.error().kind == ErrorKind::kNotFound ? Status{} : Status(fail(text.error()));
  auto json = parse_fastjson(*text);
  if (!json) return fail(json.error().with("delayOffset.json"));
  if (!json->is_object()) return fail(ErrorKind::kCorrupt, "delayOffset.json: not an object");
  if (auto table = json->find("offsetTable"); table != json->end()) {
    auto offsets = decode_queue_offsets(*table);
    if (!offsets) return fail(offsets.error().with("delayOffset.json"));
    offsets_ = std::move(*offsets);
  }
  if (auto found = json->find("dataVersion"); found != json->end()) {
    auto version = protocol::parse_body<protocol::DataVersion>(found->dump());
    if (!version) return fail(version.error().with("delayOffset.json"));
    version_ = *version;
  }
  return {};
}

std::int64_t DelayOffsets::get(std::int32_t level) const {
  std::lock_guard lock(mutex_);
  auto found = offsets_.find(level);
  return found == offsets_.end() ? 0 : found->second;
}

void DelayOffsets::set(std::int32_t level, std::int64_t offset) {
  {
    std::lock_guard lock(mutex_);
    auto [entry, added] = offsets_.emplace(level, offset);
    if (!added && entry->second == offset) return;
    entry->second = offset;
    if (++changes_ % config_.delay_offset_update_version_step == 0) version_.next(clock_.wall_ms());
  }
  if (!dirty_.exchange(true)) checkpointer_.touch(file_);
}

std::map<std::int32_t, std::int64_t> DelayOffsets::all() const {
  std::lock_guard lock(mutex_);
  return offsets_;
}

std::string DelayOffsets::encode() const {
  std::lock_guard lock(mutex_);
  std::string out = R"({"dataVersion":)" + protocol::to_body(version_) + R"(,"offsetTable":)";
  append_queue_offsets(out, offsets_);
  out += '}';
  return out;
}

}  // namespace rmq::broker
