// How consumer offsets travel through the journal, and what a Java master hands over.
#include "broker/offset/consumer_offsets.h"
#include "broker/offset/offset_change.h"

namespace rmq::broker {

void ConsumerOffsets::attach(JournalWriter* journal) {
  journal_ = journal;
  committed_.track_changes();
  reset_.track_changes();
}

void ConsumerOffsets::changed_by_journal() {
  any_reset_ = !reset_.empty();
  if (!dirty_.exchange(true)) checkpointer_.touch(file_);
}

std::optional<std::int64_t> ConsumerOffsets::position() const {
  std::lock_guard lock(mutex_);
  return position_;
}

void ConsumerOffsets::mark(std::int64_t position) {
  std::lock_guard lock(mutex_);
  if (position == kJournalStale || position_.value_or(kJournalStale) == kJournalStale) checkpointer_.touch(file_);
  position_ = position;
}

std::string ConsumerOffsets::encode_all() const {
  OffsetChange all;
  all.version = data_version();
  all.committed.present = committed_.all();
  all.reset.present = reset_.all();
  return encode_offset_change(all);
}

std::string ConsumerOffsets::take_changes() {
  ahead_ = false;  // before reading: a later commit tells the journal again
  OffsetChange change;
  const auto take = [](OffsetTable& table, OffsetChange::Part& part) {
    for (auto& key : table.take_changed()) {
      if (auto offsets = table.find(key)) {
        part.present.emplace(std::move(key), std::move(*offsets));
      } else {
        part.removed.push_back(std::move(key));
      }
    }
    return !part.present.empty() || !part.removed.empty();
  };
  const bool committed = take(committed_, change.committed);
  const bool reset = take(reset_, change.reset);
  if (!committed && !reset) return {};
  change.version = data_version();
  return encode_offset_change(change);
}

void ConsumerOffsets::return_changes(std::string_view payload) {
  const auto change = decode_offset_change(payload);
  if (!change) return;
  const auto mark = [](OffsetTable& table, const OffsetChange::Part& part) {
    for (const auto& [key, offsets] : part.present) table.mark_changed(key);
    for (const auto& key : part.removed) table.mark_changed(key);
  };
  mark(committed_, change->committed);
  mark(reset_, change->reset);
  if (!ahead_.exchange(true)) journal_.load()->touch(false);
}

Status ConsumerOffsets::apply(std::string_view payload, std::int64_t position) {
  RMQ_TRY(auto change, decode_offset_change(payload));
  const auto take = [](OffsetTable& table, OffsetChange::Part& part) {
    for (auto& [key, offsets] : part.present) table.apply(key, std::move(offsets));
    for (const auto& key : part.removed) table.apply_removal(key);
  };
  take(committed_, change.committed);
  take(reset_, change.reset);
  {
    std::lock_guard lock(mutex_);
    version_ = change.version;
    if (position_) position_ = position;
  }
  changed_by_journal();
  return {};
}

Status ConsumerOffsets::replace(std::string_view payload, std::int64_t position) {
  RMQ_TRY(auto change, decode_offset_change(payload));
  // Only what differs is touched: readers never see an empty table.
  const auto take = [](OffsetTable& table, OffsetChange::Part& part) {
    for (const auto& [key, offsets] : table.all()) {
      if (!part.present.contains(key)) table.apply_removal(key);
    }
    for (auto& [key, offsets] : part.present) table.apply(key, std::move(offsets));
  };
  take(committed_, change.committed);
  take(reset_, change.reset);
  {
    std::lock_guard lock(mutex_);
    version_ = change.version;
    position_ = position;
  }
  changed_by_journal();
  return {};
}

Status ConsumerOffsets::import_from_java(protocol::ConsumerOffsetTable offsets) {
  bool any = false;
  for (auto& [key, queues] : offsets.offsets) any |= committed_.apply(key, std::move(queues));
  {
    std::lock_guard lock(mutex_);
    if (!any && version_ == offsets.data_version) return {};
    version_ = offsets.data_version;
    position_.reset();
  }
  return checkpointer_.flush_and_wait(file_);
}

}  // namespace rmq::broker
