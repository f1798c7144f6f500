// Retention by time and by disk use.
#include <sys/stat.h>

#include <charconv>
#include <ctime>

#include "broker/store/message_store.h"
#include "common/base/log.h"

namespace rmq::store {
namespace {

bool hour_is_listed(std::string_view hours, int hour) {
  while (!hours.empty()) {
    const auto end = hours.find(';');
    const auto text = hours.substr(0, end);
    int listed = -1;
    if (std::from_chars(text.data(), text.data() + text.size(), listed).ec == std::errc() && listed == hour)
      return true;
    if (end == std::string_view::npos) break;
    hours.remove_prefix(end + 1);
  }
  return false;
}

}  // namespace

void MessageStore::check_disk(bool& clean, bool& forcibly) {
  double used = 0;
  for (const auto& directory : {paths_.commit_log, paths_.root}) {
    if (auto space = ops_.disk_space(directory)) used = std::max(used, space->used_ratio());
  }
  stats_.disk_used_ratio.store(used, std::memory_order_relaxed);
  const double percent = used * 100;
  if (percent > options_.disk_full_percent) {
    if (log_.change_write_state(WriteState::kOpen, WriteState::kDiskFull)) {
      log::error("disk use above its limit: no more writing",
                 {{"used_percent", percent}, {"limit", options_.disk_full_percent}});
    }
  } else if (log_.change_write_state(WriteState::kDiskFull, WriteState::kOpen)) {
    log::info("disk use below its limit: writing again", {{"used_percent", percent}});
  }
  clean = clean || percent > options_.disk_clean_percent;
  forcibly = options_.clean_forcibly && percent > options_.disk_clean_forcibly_percent;
}

std::size_t MessageStore::delete_expired(bool forcibly) {
  std::size_t deleted = 0;
  const auto now = clock_.wall_ms();
  for (int i = 0; i < options_.delete_batch; ++i) {
    const auto segments = log_.segments();
    if (segments.size() < 2) break;
    const auto& oldest = *segments.front();
    // What isn't dispatched yet would be lost to its readers.
    if (oldest.end() > dispatcher_.position()) break;
    struct stat info;
    if (::fstat(oldest.fd(), &info) != 0) break;
    const std::int64_t changed = std::int64_t{info.st_mtim.tv_sec} * 1000 + info.st_mtim.tv_nsec / 1'000'000;
    if (!forcibly && now < changed + options_.file_reserved_hours * 3'600'000) break;
    auto done = log_.delete_oldest();
    if (!done) log::warn("commit log file not deleted", {{"error", done.error()}});
    if (!done || !*done) break;
    ++deleted;
  }
  return deleted;
}

void MessageStore::clean(bool force) {
  std::lock_guard lock(upkeep_mutex_);
  const std::time_t seconds = clock_.wall_ms() / 1000;
  std::tm local{};
  ::localtime_r(&seconds, &local);
  bool clean = force || hour_is_listed(options_.delete_when, local.tm_hour);
  bool forcibly = false;
  check_disk(clean, forcibly);
  if (!clean && !forcibly) return;
  if (delete_expired(forcibly) == 0) return;
  const auto min = log_.min_offset();
  for (auto* queue : table_.all()) {
    if (auto status = queues_.trim(*queue, min); !status) {
      log::warn("consume queue not trimmed",
                {{"topic", queue->topic()}, {"queue", queue->id()}, {"error", status.error()}});
    }
  }
  index_.delete_below(min);
  check_disk(clean, forcibly);
}

}  // namespace rmq::store
