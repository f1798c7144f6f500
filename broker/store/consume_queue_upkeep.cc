// Flushing, trimming and searching consume queues by time.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

#include "broker/store/commit_log.h"
#include "broker/store/consume_queue.h"
#include "common/base/log.h"

namespace rmq::store {
namespace {

constexpr std::size_t kManyDirtyFiles = 64;  // from here on one syncfs is cheaper

}  // namespace

Status ConsumeQueues::sync() {
  std::set<Key> dirty;
  bool created = false;
  {
    std::lock_guard lock(dirty_mutex_);
    dirty.swap(dirty_);
    created = std::exchange(created_files_, false);
  }
  if (dirty.empty() && !created) return {};
  const auto give_back = [&] {
    std::lock_guard lock(dirty_mutex_);
    dirty_.merge(dirty);
    created_files_ = created_files_ || created;
  };
  if (created || dirty.size() > kManyDirtyFiles) {
    if (auto status = ops_.sync_all(directory_); !status) {
      give_back();
      return status;
    }
    return {};
  }
  for (const auto& key : dirty) {
    auto file = open(*key.queue, key.start, false);
    if (!file && file.error().kind == ErrorKind::kNotFound) continue;  // trimmed meanwhile
    auto status = file ? ops_.sync_data((*file)->fd.get()) : Status(fail(std::move(file).error()));
    if (!status) {
      give_back();
      return status;
    }
  }
  return {};
}

Status ConsumeQueues::trim(TopicQueue& queue, std::uint64_t min_physical) {
  const auto first = queue.first_file_.load(std::memory_order_acquire);
  if (first < 0) return {};
  const auto first_physical = queue.first_physical_.load(std::memory_order_relaxed);
  if (first_physical >= 0 && first_physical >= static_cast<std::int64_t>(min_physical)) return {};
  const auto low = std::max(queue.min_offset(), first / kUnit);
  const auto high = queue.max_offset();
  const auto limit = static_cast<std::int64_t>(min_physical);
  const auto alive = [&](const QueueUnit& unit) { return !unit.blank() && unit.physical_offset >= limit; };
  if (low < high) {
    RMQ_TRY(auto unit, read_one(queue, low));
    if (alive(unit)) {
      queue.first_physical_.store(unit.physical_offset, std::memory_order_relaxed);
      queue.min_.store(low, std::memory_order_release);
      return {};
    }
  }
  RMQ_TRY(auto min, first_where(queue, low, high, alive));
  queue.min_.store(min, std::memory_order_release);
  queue.first_physical_.store(-1, std::memory_order_relaxed);
  // The file with the last unit stays, even when all are gone: it keeps the queue's offset.
  const auto keep = file_start(std::min(min, std::max<std::int64_t>(high - 1, 0)) * kUnit);
  if (keep > first) {
    queue.first_file_.store(keep, std::memory_order_release);
    return drop_files(queue, keep, INT64_MAX);
  }
  return {};
}

Status ConsumeQueues::remove(TopicQueue& queue) {
  RMQ_CHECK_OK(drop_folder(queue));
  const auto next = queue.max_.load(std::memory_order_relaxed);
  queue.pending_.clear();
  queue.min_.store(next, std::memory_order_release);
  return {};
}

std::int64_t ConsumeQueues::offset_by_time(const TopicQueue& queue, std::int64_t timestamp, TimeBoundary boundary,
                                           const CommitLog& log) {
  const auto min = queue.min_offset();
  const auto max = queue.max_offset();
  // A record that is gone was stored before every one that is there.
  auto found = first_where(queue, min, max, [&](const QueueUnit& unit) {
    const auto stored = unit.blank() ? -1 : log.store_timestamp_at(static_cast<std::uint64_t>(unit.physical_offset));
    return boundary == TimeBoundary::kLower ? stored >= timestamp : stored > timestamp;
  });
  if (!found) {
    log::warn("consume queue can't be searched by time", {{"topic", queue.topic()}, {"error", found.error()}});
    return min;
  }
  return boundary == TimeBoundary::kLower ? *found : std::max(min, *found - 1);
}

}  // namespace rmq::store
