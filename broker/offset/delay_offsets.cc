#include "broker/offset/delay_offsets.h"

#include "broker/state/pretty_json.h"
#include "broker/state/state_file.h"

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
  return load_state_file(config_.config_path("delayOffset.json"), [this](std::string_view text) -> Status {
    RMQ_TRY(auto table, protocol::parse_body<protocol::DelayOffsetTable>(text));
    offsets_ = std::move(table.offsets);
    version_ = table.data_version;
    return {};
  });
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
  return protocol::to_body(protocol::DelayOffsetTable{.data_version = version_, .offsets = offsets_});
}

}  // namespace rmq::broker
