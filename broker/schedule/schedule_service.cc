#include "broker/schedule/schedule_service.h"

#include <pthread.h>

#include <algorithm>
#include <charconv>
#include <limits>

#include "broker/topic/names.h"
#include "common/base/log.h"
#include "common/protocol/message_properties.h"

namespace rmq::broker {
namespace {

using protocol::Property;
using store::AppendStatus;

constexpr std::size_t kUnitsAtOnce = 256;
constexpr std::size_t kBatchBytes = 4 * 1024 * 1024;
constexpr std::int64_t kRetryMs = 1000;  // after the store refused
constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

}  // namespace

ScheduleService::ScheduleService(store::MessageStore& store, DelayOffsets& offsets, const Clock& clock)
    : store_(store), offsets_(offsets), clock_(clock), placer_(store) {}

ScheduleService::~ScheduleService() {
  stop();
}

void ScheduleService::start() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = false;
  }
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "schedule");
}

void ScheduleService::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void ScheduleService::on_arrival() {
  {
    std::lock_guard lock(mutex_);
    poked_ = true;
  }
  changed_.notify_all();
}

void ScheduleService::run() {
  const auto levels = static_cast<std::int32_t>(store_.options().delay_levels_ms.size());
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    poked_ = false;
    lock.unlock();
    std::int64_t next = kNever;
    for (std::int32_t level = 1; level <= levels; ++level) next = std::min(next, deliver_due(level, clock_.wall_ms()));
    lock.lock();
    const auto woken = [this] { return stopping_ || poked_; };
    if (next == kNever) {
      changed_.wait(lock, woken);
    } else {
      changed_.wait_for(lock, std::chrono::milliseconds(std::max<std::int64_t>(0, next - clock_.wall_ms())), woken);
    }
  }
}

std::int64_t ScheduleService::deliver_due(std::int32_t level, std::int64_t now) {
  const auto* queue = store_.find_queue(kScheduleTopic, level - 1);
  if (queue == nullptr) return kNever;
  const auto delay = store_.options().delay_levels_ms[static_cast<std::size_t>(level - 1)];
  std::vector<store::QueueUnit> units;
  while (true) {
    // An offset from before a loss or a clean-up is moved into the queue, never to 0.
    const auto offset = std::clamp(offsets_.get(level), queue->min_offset(), queue->max_offset());
    if (offset >= queue->max_offset()) return kNever;
    if (auto read = store_.read_units(*queue, offset, kUnitsAtOnce, units); !read || units.empty()) {
      log::warn("delayed messages cannot be read", {{"level", level}, {"offset", offset}});
      return now + kRetryMs;
    }
    auto batch = std::make_unique<store::AppendBatch>();
    std::int64_t taken = 0;
    std::int64_t next_due = 0;
    for (const auto& unit : units) {
      // The tags code is the time it is due. A clock that was set back must not delay it beyond its level.
      const auto due = unit.tags_code > now + delay ? now : unit.tags_code;
      if (due > now) {
        next_due = due;
        break;
      }
      if (batch->bytes() > kBatchBytes) break;
      if (auto status = add_delivery(*batch, unit.physical_offset); !status) {
        log::warn("delayed message skipped",
                  {{"level", level}, {"offset", offset + taken}, {"reason", status.error()}});
      }
      ++taken;
    }
    if (!batch->empty() && !append_and_wait(std::move(batch))) return now + kRetryMs;
    if (taken > 0) offsets_.set(level, offset + taken);
    if (next_due > 0) return next_due;
    {
      std::lock_guard lock(mutex_);
      if (stopping_) return now;
    }
  }
}

Status ScheduleService::add_delivery(store::AppendBatch& batch, std::int64_t physical_offset) const {
  const auto view = store_.record_at(static_cast<std::uint64_t>(physical_offset));
  if (!view) return fail(ErrorKind::kNotFound, "no message at " + std::to_string(physical_offset));
  RMQ_TRY(const auto record, protocol::decode_record(view.bytes));
  const auto topic = protocol::find_property(record.properties, Property::kRealTopic);
  const auto queue_text = protocol::find_property(record.properties, Property::kRealQueueId);
  if (topic.empty() || topic == kTransHalfTopic) return fail(ErrorKind::kInvalid, "it has no real topic");
  std::int32_t queue_id = 0;
  std::from_chars(queue_text.data(), queue_text.data() + queue_text.size(), queue_id);

  std::string properties(record.properties);
  for (auto name :
       {Property::kDelayTimeLevel, Property::kTimerDeliverMs, Property::kTimerDelaySec, Property::kTimerDelayMs}) {
    protocol::remove_property(properties, name);
  }
  NewMessage message;
  message.topic = topic;
  message.queue_id = std::max(queue_id, 0);
  message.flag = record.flag;
  message.sys_flag = record.sys_flag;
  message.born_timestamp = record.born_timestamp;
  message.born_host = record.born_host;
  message.store_host = record.store_host;
  message.reconsume_times = record.reconsume_times;
  message.body = record.body;
  message.properties = properties;
  return placer_.add(batch, message, {});
}

bool ScheduleService::append_and_wait(std::unique_ptr<store::AppendBatch> batch) {
  batch->listener = this;
  {
    std::lock_guard lock(mutex_);
    appended_ = false;
  }
  auto status = store_.append(batch);
  if (status == AppendStatus::kOk) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return appended_; });
    status = append_status_;
  }
  const bool stored =
      status == AppendStatus::kOk || status == AppendStatus::kFlushTimeout || status == AppendStatus::kReplicaTimeout;
  if (!stored) log::warn("delayed messages cannot be stored, trying again");
  return stored;
}

void ScheduleService::on_appended(std::unique_ptr<store::AppendBatch> batch) noexcept {
  {
    std::lock_guard lock(mutex_);
    appended_ = true;
    append_status_ = batch->status;
  }
  changed_.notify_all();
}

}  // namespace rmq::broker
