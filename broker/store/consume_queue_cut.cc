// Taking units and files of consume queues away.
#include <unistd.h>

#include <algorithm>

#include "broker/store/consume_queue.h"

namespace rmq::store {

Status ConsumeQueues::drop_file(const TopicQueue& queue, std::int64_t start) {
  // A reader that opens it meanwhile must not bring it back into the cache.
  std::lock_guard lock(files_mutex_);
  if (auto found = files_.find({&queue, start}); found != files_.end()) {
    lru_.erase(found->second);
    files_.erase(found);
  }
  RMQ_CHECK_OK(ops_.remove(directory_of(queue) + "/" + offset_file_name(static_cast<std::uint64_t>(start))));
  std::lock_guard dirty_lock(dirty_mutex_);
  dirty_.erase({&queue, start});
  created_files_ = true;  // a file must not come back over a power cut, either
  return {};
}

// Closes and deletes the queue's files that start below `below` or at `from` and later; from the outside in, so that a
// crash leaves no gap.
Status ConsumeQueues::drop_files(const TopicQueue& queue, std::int64_t below, std::int64_t from) {
  std::vector<std::int64_t> starts;
  for (const auto& name : list_files(directory_of(queue))) {
    if (const auto start = parse_offset_file_name(name); start >= 0) starts.push_back(start);
  }
  std::sort(starts.begin(), starts.end());
  for (; !starts.empty() && starts.back() >= from; starts.pop_back()) {
    RMQ_CHECK_OK(drop_file(queue, starts.back()));
  }
  for (const auto start : starts) {
    if (start >= below) break;
    RMQ_CHECK_OK(drop_file(queue, start));
  }
  return {};
}

Status ConsumeQueues::drop_folder(TopicQueue& queue) {
  RMQ_CHECK_OK(drop_files(queue, 0, 0));
  const auto folder = directory_of(queue);
  ::rmdir(folder.c_str());
  ::rmdir(folder.substr(0, folder.rfind('/')).c_str());  // with the topic's last queue
  queue.first_file_.store(-1, std::memory_order_relaxed);
  queue.first_physical_.store(-1, std::memory_order_relaxed);
  return {};
}

void ConsumeQueues::drop_pending() {
  for (auto* queue : touched_) {
    queue->pending_.clear();
    queue->touched_ = false;
    // A new queue's first units were to come.
    if (queue->first_file_.load(std::memory_order_relaxed) < 0) queue->min_.store(queue->max_offset());
  }
  touched_.clear();
}

Status ConsumeQueues::forget(TopicQueue& queue) {
  // Readers first: they must find no unit that is going.
  queue.max_.store(0, std::memory_order_release);
  queue.min_.store(0, std::memory_order_release);
  queue.next_.store(0, std::memory_order_relaxed);
  queue.last_physical_ = -1;
  return drop_folder(queue);
}

Status ConsumeQueues::truncate(TopicQueue& queue, std::uint64_t physical, bool wipe) {
  const auto first = queue.first_file_.load(std::memory_order_relaxed);
  auto end = queue.max_offset();
  if (first < 0) {
    queue.next_.store(end, std::memory_order_relaxed);
    return {};
  }
  const auto limit = static_cast<std::int64_t>(physical);
  const auto beyond = [&](const QueueUnit& unit) {
    return !unit.written() || (!unit.blank() && unit.physical_offset >= limit);
  };
  const bool unknown = queue.last_physical_ < 0;
  const bool points_beyond = queue.last_physical_ >= limit;
  wipe = wipe || points_beyond;  // also when an earlier try came only half of the way
  if (end > first / kUnit && (unknown || points_beyond)) {
    RMQ_TRY(auto last, read_one(queue, end - 1));
    if (beyond(last)) {
      RMQ_TRY(end, first_where(queue, first / kUnit, end, beyond));
      wipe = true;
      queue.last_physical_ = limit;
    }
  }
  // Readers first: they must find no unit that is going.
  queue.max_.store(end, std::memory_order_release);
  queue.next_.store(end, std::memory_order_relaxed);
  if (end == first / kUnit) queue.first_physical_.store(-1, std::memory_order_relaxed);
  if (queue.min_offset() > end) queue.min_.store(end, std::memory_order_release);
  const auto position = end * kUnit;
  if (wipe) {
    // The file that holds the end is kept even when nothing of it remains, unless there is an earlier one.
    const auto keep = position > first && position % file_bytes_ == 0 ? position - file_bytes_ : file_start(position);
    RMQ_CHECK_OK(drop_files(queue, 0, keep + file_bytes_));
    if (keep + file_bytes_ > position) {
      RMQ_TRY(auto file, open(queue, keep, false));
      RMQ_CHECK_OK(ops_.punch(file->fd.get(), static_cast<std::uint64_t>(position - keep),
                              static_cast<std::uint64_t>(keep + file_bytes_ - position)));
      std::lock_guard lock(dirty_mutex_);
      dirty_.insert({&queue, keep});
    }
  }
  if (queue.last_physical_ >= limit) queue.last_physical_ = -1;
  return {};
}

}  // namespace rmq::store
