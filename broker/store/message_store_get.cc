// Reading. Source of the rules: DefaultMessageStore.getMessage, queryMessage of org.apache.rocketmq.store 5.5.0.
#include <algorithm>

#include "broker/store/message_store.h"
#include "common/base/bytes.h"
#include "common/base/log.h"
#include "common/protocol/message_properties.h"

namespace rmq::store {
namespace {

constexpr std::int64_t kMaxGetBytes = 128 << 20;
constexpr std::size_t kUnitsAtOnce = 256;

bool has_key(std::string_view keys, std::string_view key) {
  while (!keys.empty()) {
    const auto end = keys.find(protocol::kKeySeparator);
    if (keys.substr(0, end) == key) return true;
    if (end == std::string_view::npos) break;
    keys.remove_prefix(end + 1);
  }
  return false;
}

void add_part(GetResult& result, std::string_view bytes, const SegmentPtr& owner) {
  auto& parts = result.parts;
  result.bytes += static_cast<std::int64_t>(bytes.size());
  const bool same_owner = !result.owners.empty() && result.owners.back() == owner;
  if (same_owner && parts.back().data() + parts.back().size() == bytes.data()) {
    parts.back() = {parts.back().data(), parts.back().size() + bytes.size()};
  } else {
    parts.push_back(bytes);
  }
  if (!same_owner) result.owners.push_back(owner);
}

}  // namespace

std::string_view to_string(GetStatus status) {
  switch (status) {
    case GetStatus::kFound: return "FOUND";
    case GetStatus::kNoMatchedMessage: return "NO_MATCHED_MESSAGE";
    case GetStatus::kMessageWasRemoving: return "MESSAGE_WAS_REMOVING";
    case GetStatus::kOffsetFoundNull: return "OFFSET_FOUND_NULL";
    case GetStatus::kOffsetOverflowBadly: return "OFFSET_OVERFLOW_BADLY";
    case GetStatus::kOffsetOverflowOne: return "OFFSET_OVERFLOW_ONE";
    case GetStatus::kOffsetTooSmall: return "OFFSET_TOO_SMALL";
    case GetStatus::kNoMatchedLogicQueue: return "NO_MATCHED_LOGIC_QUEUE";
    case GetStatus::kNoMessageInQueue: return "NO_MESSAGE_IN_QUEUE";
    case GetStatus::kOffsetReset: return "OFFSET_RESET";
  }
  return "UNKNOWN";
}

GetResult MessageStore::get(const TopicQueue* queue, const GetRequest& request) const {
  GetResult result;
  if (queue != nullptr) {
    result.min_offset = queue->min_offset();
    result.max_offset = queue->max_offset();
  }
  if (queue == nullptr || result.max_offset == 0) {
    result.status = GetStatus::kNoMessageInQueue;
    result.next_offset = 0;
  } else if (request.offset < result.min_offset) {
    result.status = GetStatus::kOffsetTooSmall;
    result.next_offset = result.min_offset;
  } else if (request.offset == result.max_offset) {
    result.status = GetStatus::kOffsetOverflowOne;
    result.next_offset = request.offset;
  } else if (request.offset > result.max_offset) {
    result.status = GetStatus::kOffsetOverflowBadly;
    result.next_offset = result.max_offset;
  } else {
    collect(*queue, request, result);
  }
  auto& counter = result.status == GetStatus::kFound ? stats_.gets_found : stats_.gets_missed;
  counter.fetch_add(1, std::memory_order_relaxed);
  stats_.messages_read.fetch_add(result.messages, std::memory_order_relaxed);
  return result;
}

void MessageStore::collect(const TopicQueue& queue, const GetRequest& request, GetResult& result) const {
  const auto log_end = log_.max_offset();
  const auto memory = memory_bytes_ / 100 * static_cast<std::uint64_t>(options_.memory_percent);
  const auto max_messages = std::max(request.max_messages, 1);
  const auto max_bytes = std::clamp<std::int64_t>(request.max_bytes, 100, kMaxGetBytes);
  // As the original: this many bytes of units are looked at for matches, then the reader comes again.
  const auto max_scan = std::max<std::int64_t>(options_.max_filter_bytes / ConsumeQueues::kUnit, max_messages);
  result.status = GetStatus::kNoMatchedMessage;
  result.next_offset = request.offset;
  std::uint64_t skip_to = 0;  // where the next file of the log starts, when this one is gone
  std::uint64_t last_physical = 0;
  SegmentPtr segment;
  std::vector<QueueUnit> units;
  const auto scan_end = std::min(result.max_offset, request.offset + max_scan);
  for (auto at = request.offset; at < scan_end;) {
    const auto left = static_cast<std::size_t>(scan_end - at);
    const auto count = std::min(
        {left, kUnitsAtOnce, request.filter == nullptr ? static_cast<std::size_t>(max_messages) : kUnitsAtOnce});
    if (auto status = queues_.read(queue, at, count, units); !status || units.empty()) {
      if (result.messages == 0) {
        log::warn("consume queue can't be read", {{"topic", queue.topic()}, {"queue", queue.id()}, {"offset", at}});
        result.status = GetStatus::kOffsetFoundNull;
        const auto per_file = static_cast<std::int64_t>(options_.consume_queue_file_bytes) / ConsumeQueues::kUnit;
        result.next_offset = std::min(result.max_offset, (at / per_file + 1) * per_file);
      }
      break;
    }
    // A cut may have taken them while they were read; what follows them then isn't known yet.
    if (at + static_cast<std::int64_t>(units.size()) > queue.max_offset()) break;
    bool full = false;
    for (const auto& unit : units) {
      const auto physical = static_cast<std::uint64_t>(unit.physical_offset);
      const bool hot = physical + memory >= log_end;
      if (result.messages > 0) {
        const auto limit = hot ? options_.max_get_bytes_in_memory : options_.max_get_bytes_on_disk;
        const auto count_limit = hot ? options_.max_get_count_in_memory : options_.max_get_count_on_disk;
        full = result.messages >= max_messages || result.bytes + unit.size > max_bytes ||
               result.bytes + unit.size > limit || result.messages >= count_limit;
        if (full) break;
      }
      ++at;
      result.next_offset = at;
      if (unit.blank() || physical < skip_to) {
        if (unit.blank() && result.messages == 0) result.status = GetStatus::kMessageWasRemoving;
        continue;
      }
      last_physical = physical;
      if (request.filter != nullptr && !request.filter->matches_tags(unit.tags_code)) {
        if (result.messages == 0) result.status = GetStatus::kNoMatchedMessage;
        continue;
      }
      // Neighbours stand in one file: no lock, no count for each.
      if (!segment || !segment->contains(physical)) segment = log_.segment_at(physical);
      const auto end = physical + static_cast<std::uint64_t>(std::max(unit.size, 0));
      if (!segment || unit.size <= 0 || end > segment->end() || end > log_end) {
        if (result.messages == 0) result.status = GetStatus::kMessageWasRemoving;
        skip_to = log_.next_file_start(physical);
        continue;
      }
      const auto bytes = segment->view(physical, end);
      if (request.filter != nullptr && !request.filter->matches_record(bytes)) {
        if (result.messages == 0) result.status = GetStatus::kNoMatchedMessage;
        continue;
      }
      add_part(result, bytes, segment);
      ++result.messages;
      result.status = GetStatus::kFound;
      skip_to = 0;
    }
    if (full) break;
  }
  result.suggest_replica = log_end - std::min(log_end, last_physical) > memory;
  if (result.messages > 0) {
    result.last_store_timestamp = log_.store_timestamp_at(last_physical);
  }
}

LogView MessageStore::record_at(std::uint64_t physical) const {
  const auto limit = read_limit();
  if (physical >= limit) return {};
  auto view = log_.read_record(physical);
  return physical + view.bytes.size() <= limit ? view : LogView{};
}

MessageStore::QueryResult MessageStore::query(std::string_view topic, std::string_view key, std::size_t max,
                                              std::int64_t begin, std::int64_t end) const {
  QueryResult result;
  auto found = index_.query(topic, key, max, begin, end);
  result.last_update_timestamp = found.last_update_timestamp;
  result.last_update_physical = found.last_update_physical;
  for (const auto physical : found.physical) {
    auto view = record_at(static_cast<std::uint64_t>(physical));
    if (!view) continue;
    // Two keys can have one hash.
    auto record = protocol::decode_record(view.bytes);
    if (!record || record->topic != topic) continue;
    const auto keys = record_keys(*record, options_.delay_levels_ms).index;
    if (keys.uniq_key != key && !has_key(keys.keys, key)) continue;
    result.records.push_back(std::move(view));
  }
  return result;
}

std::int64_t MessageStore::offset_by_time(const TopicQueue& queue, std::int64_t timestamp,
                                          TimeBoundary boundary) const {
  return queues_.offset_by_time(queue, timestamp, boundary, log_);
}

std::int64_t MessageStore::physical_offset(const TopicQueue& queue, std::int64_t offset) const {
  if (offset < queue.min_offset() || offset >= queue.max_offset()) return -1;
  std::vector<QueueUnit> units;
  if (!queues_.read(queue, offset, 1, units) || units.empty() || units[0].blank()) return -1;
  return units[0].physical_offset;
}

std::int64_t MessageStore::store_timestamp(const TopicQueue& queue, std::int64_t offset) const {
  const auto physical = physical_offset(queue, offset);
  return physical < 0 ? -1 : log_.store_timestamp_at(static_cast<std::uint64_t>(physical));
}

std::int64_t MessageStore::earliest_store_timestamp() const {
  return log_.store_timestamp_at(log_.min_offset());
}

bool MessageStore::is_cold(std::uint64_t physical) const {
  const auto window = memory_bytes_ / 100 * static_cast<std::uint64_t>(options_.memory_percent);
  if (physical + window >= log_.max_offset()) {
    // Recent, but memory may be short: one look at the first page decides.
    auto segment = log_.segment_at(physical);
    return segment != nullptr && !segment->resident(physical, std::min(physical + 4096, segment->end()));
  }
  return true;
}

bool MessageStore::is_cold(const TopicQueue& queue, std::int64_t offset) const {
  const auto physical = physical_offset(queue, offset);
  return physical >= 0 && is_cold(static_cast<std::uint64_t>(physical));
}

}  // namespace rmq::store
