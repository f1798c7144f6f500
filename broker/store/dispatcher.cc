#include "broker/store/dispatcher.h"

#include <time.h>

#include <algorithm>
#include <charconv>

#include "common/base/log.h"
#include "common/protocol/java_string.h"
#include "common/protocol/message_properties.h"

namespace rmq::store {
namespace {

constexpr std::uint64_t kRoundBytes = 1 << 20;
constexpr std::uint64_t kForgetBytes = 16 << 20;
constexpr std::int64_t kRetryFullUs = 200'000;
constexpr std::string_view kScheduleTopic = "SCHEDULE_TOPIC_XXXX";

std::int64_t deliver_time(std::string_view level_text, std::int64_t stored, const std::vector<std::int64_t>& levels,
                          std::int64_t otherwise) {
  std::int32_t level = 0;
  const auto [end, code] = std::from_chars(level_text.data(), level_text.data() + level_text.size(), level);
  if (code != std::errc() || end != level_text.data() + level_text.size() || level <= 0 || levels.empty()) {
    return otherwise;
  }
  const auto index = std::min(static_cast<std::size_t>(level), levels.size()) - 1;
  return stored + levels[index];
}

void nap(std::int64_t us) {
  timespec time{us / 1'000'000, us % 1'000'000 * 1000};
  ::nanosleep(&time, nullptr);
}

}  // namespace

RecordKeys record_keys(const protocol::MessageRecord& record, const std::vector<std::int64_t>& delay_levels_ms) {
  using protocol::Property;
  RecordKeys keys;
  std::string_view delay;
  protocol::visit_properties(record.properties, [&](std::string_view name, std::string_view value) {
    switch (name.size()) {
      case 4:
        if (name == Property::kTags)
          keys.index.tags = value;
        else if (name == Property::kKeys)
          keys.index.keys = value;
        break;
      case 5:
        if (name == Property::kDelayTimeLevel) delay = value;
        break;
      case 8:
        if (name == Property::kUniqKey) keys.index.uniq_key = value;
        break;
      default: break;
    }
    return true;
  });
  if (!keys.index.tags.empty()) keys.tags_code = protocol::java_hash(keys.index.tags);
  if (!delay.empty() && record.topic == kScheduleTopic) {
    keys.tags_code = deliver_time(delay, record.store_timestamp, delay_levels_ms, keys.tags_code);
  }
  return keys;
}

Dispatcher::Dispatcher(const StoreOptions& options, CommitLog& log, TopicQueueTable& table, ConsumeQueues& queues,
                       IndexStore& index, StoreStats& stats)
    : limit([&log] { return log.max_offset(); }),
      options_(options),
      log_(log),
      table_(table),
      queues_(queues),
      index_(index),
      stats_(stats) {}

Status Dispatcher::dispatch(const protocol::MessageRecord& record, std::string_view bytes) {
  // For nobody to find; also the fillers of a replica's log.
  if (protocol::transaction_type(record.sys_flag) == protocol::MessageFlag::kTransactionRollback) return {};
  if (last_queue_ == nullptr || last_queue_->id() != record.queue_id || last_queue_->topic() != record.topic) {
    last_queue_ = &table_.find_or_create(record.topic, record.queue_id);
  }
  const auto keys = record_keys(record, options_.delay_levels_ms);
  // A round that a full disk stopped comes again.
  if (options_.index_enabled && record.physical_offset > indexed_through_) {
    if (auto status = index_.put(*last_queue_, keys.index, record.physical_offset, record.store_timestamp); !status) {
      if (status.error().kind == ErrorKind::kFull) return status;
      log::error("message can't be indexed", {{"error", status.error()}, {"offset", record.physical_offset}});
    }
    indexed_through_ = record.physical_offset;
  }
  if (!enters_queue(record.sys_flag)) return {};
  auto status =
      queues_.append(*last_queue_, record.queue_offset, {record.physical_offset, record.size, keys.tags_code});
  if (!status) {
    log::error("message can't enter its consume queue",
               {{"error", status.error()}, {"offset", record.physical_offset}});
    return {};
  }
  arrivals_.push_back({last_queue_, record.queue_offset, keys.tags_code, record.store_timestamp, bytes});
  return {};
}

Result<bool> Dispatcher::run_round() {
  std::lock_guard round(round_mutex_);
  run_tasks();
  auto position = position_.load(std::memory_order_relaxed);
  const auto to = limit();
  Status status;
  if (position < log_.min_offset()) {
    log::warn("the dispatcher is behind the oldest file of the log", {{"position", position}});
    position = log_.min_offset();
  }
  const auto start = position;
  LogView view;
  // More than may be dispatched: a limit within a record must not make it look torn.
  if (position < to) view = log_.read_to_limit(position, UINT64_MAX);
  if (view) {
    auto left = view.bytes;
    protocol::MessageRecord record;
    while (!left.empty() && position - start < kRoundBytes && position < to) {
      const auto state = protocol::parse_record(left, record);
      if (state == protocol::RecordState::kRecord) {
        if (position + static_cast<std::uint64_t>(record.size) > to) break;
        const auto bytes = left.substr(0, static_cast<std::size_t>(record.size));
        status = dispatch(record, bytes);
        if (!status) break;
        round_ = {static_cast<std::int64_t>(position), record.store_timestamp};
        position += bytes.size();
        left.remove_prefix(bytes.size());
        stats_.messages_dispatched.fetch_add(1, std::memory_order_relaxed);
      } else if (state == protocol::RecordState::kEndOfFile) {
        if (log_.next_file_start(position) > to) break;
        position = log_.next_file_start(position);
        left = {};
      } else {
        // As the original's master does: what can't be read is passed over.
        const auto skipped = std::min<std::uint64_t>(left.size(), to - position);
        log::error("the commit log can't be read", {{"offset", position}, {"skipped", skipped}});
        position += skipped;
        left = {};
      }
    }
  }
  if (auto written = queues_.write_pending(); !written) {
    // The units stay gathered; nothing of this round counts before they are written.
    if (status) status = std::move(written);
  } else {
    if (position != start) {
      {
        std::lock_guard lock(mutex_);
        progress_ = round_;
      }
      position_.store(position, std::memory_order_release);
      stats_.dispatch_rounds.fetch_add(1, std::memory_order_relaxed);
      stats_.dispatch_behind_bytes.store(
          static_cast<std::int64_t>(log_.max_offset() - std::min(position, log_.max_offset())),
          std::memory_order_relaxed);
    }
    if (!arrivals_.empty()) {
      auto* listener = listener_.load(std::memory_order_acquire);
      if (listener != nullptr) listener->on_arrivals(arrivals_);
      arrivals_.clear();
    }
    if (view) forget_behind(view.owner, position);
  }
  if (!status) {
    arrivals_.clear();
    return fail(std::move(status).error());
  }
  return position != start;
}

void Dispatcher::forget_behind(const SegmentPtr& segment, std::uint64_t position) {
  if (position < forgotten_ + kForgetBytes) return;
  const auto from = std::max(forgotten_, segment->start());
  const auto to = std::min(position, segment->end());
  if (from < to) segment->forget(from, to);
  forgotten_ = position;
}

void Dispatcher::run() {
  bool worked = false;
  while (!stopping_.load(std::memory_order_acquire)) {
    log_.assist();
    auto progressed = run_round();
    if (!progressed) {
      log::error("dispatching waits for space", {{"error", progressed.error()}});
      signal_.wait(kRetryFullUs);
      continue;
    }
    if (*progressed) {
      worked = true;
      continue;
    }
    const auto* listener = listener_.load(std::memory_order_acquire);
    if (worked && options_.dispatch_nap_us > 0 && (listener == nullptr || !listener->in_a_hurry())) {
      worked = false;
      nap(options_.dispatch_nap_us);
      continue;
    }
    worked = false;
    signal_.wait();
  }
}

void Dispatcher::stop() {
  stopping_.store(true, std::memory_order_release);
  signal_.notify();
}

void Dispatcher::post(std::function<void()> task) {
  {
    std::lock_guard lock(mutex_);
    tasks_.push_back(std::move(task));
  }
  signal_.notify();
}

void Dispatcher::run_tasks() {
  std::vector<std::function<void()>> tasks;
  {
    std::lock_guard lock(mutex_);
    if (tasks_.empty()) return;
    tasks.swap(tasks_);
  }
  for (auto& task : tasks) task();
}

void Dispatcher::cut(std::uint64_t end, const Progress& last) {
  position_.store(std::min(position(), end), std::memory_order_release);
  forgotten_ = std::min(forgotten_, end);
  indexed_through_ = std::min(indexed_through_, static_cast<std::int64_t>(end) - 1);
  std::lock_guard lock(mutex_);
  if (progress_.last_physical >= static_cast<std::int64_t>(end)) progress_ = last;
  round_ = progress_;
}

void Dispatcher::restart(std::uint64_t start) {
  position_.store(start, std::memory_order_release);
  forgotten_ = start;
  indexed_through_ = -1;
  std::lock_guard lock(mutex_);
  progress_ = round_ = {};
}

Dispatcher::Progress Dispatcher::progress() const {
  std::lock_guard lock(mutex_);
  return progress_;
}

}  // namespace rmq::store
