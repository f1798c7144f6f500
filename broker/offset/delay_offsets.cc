#include "broker/offset/delay_offsets.h"

#include "broker/state/journal_mark.h"
#include "broker/state/pretty_json.h"
#include "broker/state/state_file.h"

namespace rmq::broker {

DelayOffsets::DelayOffsets(const BrokerConfig& config, Checkpointer& checkpointer, const Clock& clock)
    : config_(config),
      checkpointer_(checkpointer),
      clock_(clock),
      file_(checkpointer.add(config.config_path("delayOffset.json"),
                             std::chrono::milliseconds(config.flush_delay_offset_interval),
                             [this] { return encode_file(); })) {
  version_.timestamp = clock.wall_ms();
}

Status DelayOffsets::load() {
  return load_state_file(config_.config_path("delayOffset.json"), [this](std::string_view text) -> Status {
    RMQ_TRY(auto table, protocol::parse_body<protocol::DelayOffsetTable>(text));
    offsets_ = std::move(table.offsets);
    version_ = table.data_version;
    position_ = find_journal_mark(text);
    return {};
  });
}

std::string DelayOffsets::encode_file() {
  dirty_ = false;
  std::optional<std::int64_t> mark;
  if (journal_ != nullptr) mark = position();  // before the content: it must not run ahead of it
  std::string text = encode();
  append_journal_mark(text, mark);
  return pretty_json(text);
}

std::int64_t DelayOffsets::get(std::int32_t level) const {
  std::lock_guard lock(mutex_);
  auto found = offsets_.find(level);
  return found == offsets_.end() ? 0 : found->second;
}

void DelayOffsets::set(std::int32_t level, std::int64_t offset) {
  if (journal_ != nullptr && !journal_.load()->accepts()) return;
  {
    std::lock_guard lock(mutex_);
    auto [entry, added] = offsets_.emplace(level, offset);
    if (!added && entry->second == offset) return;
    entry->second = offset;
    if (++changes_ % config_.delay_offset_update_version_step == 0) version_.next(clock_.wall_ms());
  }
  if (!dirty_.exchange(true)) checkpointer_.touch(file_);
  if (journal_ != nullptr && !ahead_.exchange(true)) journal_.load()->touch(false);
}

std::map<std::int32_t, std::int64_t> DelayOffsets::all() const {
  std::lock_guard lock(mutex_);
  return offsets_;
}

std::string DelayOffsets::encode() const {
  std::lock_guard lock(mutex_);
  return protocol::to_body(protocol::DelayOffsetTable{.data_version = version_, .offsets = offsets_});
}

std::optional<std::int64_t> DelayOffsets::position() const {
  std::lock_guard lock(mutex_);
  return position_;
}

void DelayOffsets::mark(std::int64_t position) {
  std::lock_guard lock(mutex_);
  if (position == kJournalStale || position_.value_or(kJournalStale) == kJournalStale) checkpointer_.touch(file_);
  position_ = position;
}

Status DelayOffsets::take_over(std::string_view payload, std::int64_t position, bool always_positioned) {
  RMQ_TRY(auto table, protocol::parse_body<protocol::DelayOffsetTable>(payload));
  {
    std::lock_guard lock(mutex_);
    offsets_ = std::move(table.offsets);
    version_ = table.data_version;
    if (position_ || always_positioned) position_ = position;
  }
  if (!dirty_.exchange(true)) checkpointer_.touch(file_);
  return {};
}

Status DelayOffsets::apply(std::string_view payload, std::int64_t position) {
  return take_over(payload, position, false);
}

Status DelayOffsets::replace(std::string_view payload, std::int64_t position) {
  return take_over(payload, position, true);
}

void DelayOffsets::return_changes(std::string_view /*payload*/) {
  if (!ahead_.exchange(true)) journal_.load()->touch(false);
}

Status DelayOffsets::import_from_java(protocol::DelayOffsetTable offsets) {
  {
    std::lock_guard lock(mutex_);
    if (offsets_ == offsets.offsets && version_ == offsets.data_version) return {};
    offsets_ = std::move(offsets.offsets);
    version_ = offsets.data_version;
    position_.reset();
  }
  return checkpointer_.flush_and_wait(file_);
}

}  // namespace rmq::broker
