#include "broker/journal/journal_queue.h"

#include <algorithm>

#include "broker/topic/names.h"

namespace rmq::broker {
namespace {

constexpr std::size_t kUnitsAtOnce = 256;
constexpr std::int64_t kLookBack = 64;  // records, for one that can be decoded
constexpr std::size_t kRecordOverhead = 2048;

std::size_t fitting(const store::StoreOptions& options, std::size_t wanted) {
  const auto message = static_cast<std::size_t>(std::max(options.max_message_bytes, 0)) / 2;
  const auto file = static_cast<std::size_t>(options.commit_log_file_bytes / 4);
  const auto most = std::min(message, file);
  return std::min(wanted, most > 2 * kRecordOverhead ? most - kRecordOverhead : most / 2);
}

}  // namespace

JournalQueue::JournalQueue(store::MessageStore& store, std::string store_host, std::size_t part_bytes)
    : store_(store),
      store_host_(std::move(store_host)),
      part_bytes_(std::max<std::size_t>(1, fitting(store.options(), part_bytes))) {}

const store::TopicQueue* JournalQueue::find() const {
  return store_.find_queue(kJournalTopic, 0);
}

std::int64_t JournalQueue::begin() const {
  const auto* queue = find();
  return queue == nullptr ? 0 : queue->min_offset();
}
std::int64_t JournalQueue::end() const {
  const auto* queue = find();
  return queue == nullptr ? 0 : queue->max_offset();
}
std::int64_t JournalQueue::appended() const {
  const auto* queue = find();
  return queue == nullptr ? 0 : std::max(queue->next_offset(), queue->max_offset());
}

std::uint64_t JournalQueue::log_end(std::int64_t offset) const {
  const auto* queue = find();
  std::vector<store::QueueUnit> units;
  if (queue == nullptr || offset <= 0 || !store_.read_units(*queue, offset - 1, 1, units) || units.empty()) return 0;
  if (!units[0].written() || units[0].blank()) return 0;
  return static_cast<std::uint64_t>(units[0].physical_offset) + static_cast<std::uint64_t>(units[0].size);
}

Status JournalQueue::read(std::int64_t from, std::int64_t& next, const Visit& visit) const {
  next = from;
  const auto* queue = find();
  if (queue == nullptr) return {};
  std::vector<store::QueueUnit> units;
  while (true) {
    next = std::max(next, queue->min_offset());
    if (next >= queue->max_offset()) return {};
    const auto status = store_.read_units(*queue, next, kUnitsAtOnce, units);
    if (!status && next < queue->min_offset()) continue;  // expired meanwhile
    if (!status || units.empty()) return fail(ErrorKind::kCorrupt, "the journal's queue cannot be read");
    for (const auto& unit : units) {
      if (unit.blank() || unit.physical_offset < static_cast<std::int64_t>(store_.log().min_offset())) {
        ++next;
        continue;
      }
      const auto view = store_.record_at(static_cast<std::uint64_t>(unit.physical_offset));
      const auto record = view ? protocol::decode_record(view.bytes)
                               : Result<protocol::MessageRecord>(fail(ErrorKind::kCorrupt, "no record is there"));
      if (!record || record->topic != kJournalTopic) return fail(ErrorKind::kCorrupt, "a record cannot be read");
      const bool more = visit(next, record->body);
      ++next;
      if (!more) return {};
    }
  }
}

bool JournalQueue::is_complete_snapshot(std::int64_t offset) const {
  JournalReader reader;
  bool complete = false;
  std::int64_t next = 0;
  (void)read(offset, next, [&](std::int64_t at, std::string_view body) {
    auto entry = reader.feed(at, body);
    if (!entry) return false;
    complete = *entry && (*entry)->begin == offset && (*entry)->kind == JournalKind::kSnapshot;
    return !*entry && reader.resume_at(at + 1) == offset;
  });
  return complete;
}

std::optional<std::int64_t> JournalQueue::find_snapshot() const {
  const auto first = begin();
  const auto last = end();
  // Every record says where its writer knew one to begin. The first record that can be read, from the end.
  for (auto at = last - 1; at >= std::max(first, last - kLookBack); --at) {
    std::int64_t known = -1;
    std::int64_t next = 0;
    (void)read(at, next, [&](std::int64_t, std::string_view body) {
      if (auto part = decode_journal_part(body)) known = part->snapshot;
      return false;
    });
    if (known < 0) continue;
    if (known >= first && is_complete_snapshot(known)) return known;
    break;
  }
  // It is gone, or the records are older than any: look at all of them.
  std::optional<std::int64_t> found;
  JournalReader reader;
  for (auto at = first; at < last;) {
    std::int64_t next = at;
    const auto status = read(at, next, [&](std::int64_t offset, std::string_view body) {
      auto entry = reader.feed(offset, body);
      if (entry && *entry && (*entry)->kind == JournalKind::kSnapshot) found = (*entry)->begin;
      return offset + 1 < last;
    });
    at = status ? std::max(next, at + 1) : next + 1;
    if (!status) reader.reset();
  }
  return found;
}

Status JournalQueue::add(store::AppendBatch& batch, std::string_view body) const {
  protocol::MessageRecord record;
  record.topic = kJournalTopic;
  record.born_host = store_host_;
  record.store_host = store_host_;
  record.body = body;
  return batch.add(store_.queue(kJournalTopic, 0), record, {.crc_property = store_.options().crc_property});
}

}  // namespace rmq::broker
