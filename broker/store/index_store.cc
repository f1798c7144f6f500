#include "broker/store/index_store.h"

#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <mutex>

#include "broker/store/commit_log.h"
#include "broker/store/topic_queue.h"
#include "common/base/log.h"
#include "common/protocol/java_string.h"

namespace rmq::store {

IndexStore::IndexStore(const StoreOptions& options, std::string directory, FileOps& ops, const Clock& clock)
    : options_(options), directory_(std::move(directory)), ops_(ops), clock_(clock) {}

Status IndexStore::load(bool crashed, std::uint64_t trusted, const CommitLog& log) {
  auto names = list_files(directory_);
  std::sort(names.begin(), names.end());
  for (const auto& name : names) {
    if (name.size() != 17 || name.find_first_not_of("0123456789") != std::string::npos) continue;
    const auto path = directory_ + "/" + name;
    auto file = IndexFile::open(path, options_.index_slots, options_.index_entries, ops_);
    if (!file) {
      if (file.error().kind == ErrorKind::kFull) return fail(std::move(file).error());
      // The index can be done without; the log is what counts.
      log::warn("index file left out", {{"file", path}, {"error", file.error()}});
      continue;
    }
    files_.push_back(std::move(*file));
  }
  if (!crashed) {
    if (!files_.empty() && files_.back()->count() > 1) skip_through_ = files_.back()->end_physical();
    return {};
  }
  for (std::size_t i = files_.size(); i-- > 0;) {
    auto& file = *files_[i];
    // A full file that ends below what is trusted was synced before; the others may have lost anything.
    if (file.full() && file.end_physical() < static_cast<std::int64_t>(trusted)) break;
    RMQ_CHECK_OK(file.repair(static_cast<std::int64_t>(trusted), [&](std::int64_t physical) {
      return log.store_timestamp_at(static_cast<std::uint64_t>(physical));
    }));
    if (file.count() <= 1 && files_.size() > 1) {
      ::unlink(file.path().c_str());
      files_.erase(files_.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  return {};
}

std::string IndexStore::new_file_name() const {
  auto now = clock_.wall_ms();
  // A second file within one millisecond: names must rise.
  for (;; ++now) {
    const std::time_t seconds = now / 1000;
    std::tm local{};
    ::localtime_r(&seconds, &local);
    char name[64];
    std::snprintf(name, sizeof name, "%04d%02d%02d%02d%02d%02d%03d", local.tm_year + 1900, local.tm_mon + 1,
                  local.tm_mday, local.tm_hour, local.tm_min, local.tm_sec, static_cast<int>(now % 1000));
    auto path = directory_ + "/" + name;
    if (files_.empty() || files_.back()->path() < path) return path;
  }
}

Result<IndexStore::FilePtr> IndexStore::current() {
  if (!files_.empty() && !files_.back()->full()) return files_.back();
  RMQ_CHECK_OK(make_directories(directory_));
  RMQ_TRY(auto file, IndexFile::open(new_file_name(), options_.index_slots, options_.index_entries, ops_));
  std::unique_lock lock(mutex_);
  if (!files_.empty()) full_.push_back(files_.back());
  files_.push_back(file);
  return file;
}

Status IndexStore::put_key(std::int32_t java_hash, std::int64_t physical, std::int64_t store_timestamp) {
  RMQ_TRY(auto file, current());
  return file->put(index_hash(java_hash), physical, store_timestamp);
}

Status IndexStore::put(const TopicQueue& queue, const IndexKeys& keys, std::int64_t physical,
                       std::int64_t store_timestamp) {
  if (physical <= skip_through_) return {};
  const auto start = queue.index_hash();
  if (!keys.uniq_key.empty()) {
    RMQ_CHECK_OK(put_key(protocol::java_hash(keys.uniq_key, start), physical, store_timestamp));
  }
  for (auto left = keys.keys; !left.empty();) {
    const auto end = left.find(' ');
    const auto key = left.substr(0, end);
    if (!key.empty()) RMQ_CHECK_OK(put_key(protocol::java_hash(key, start), physical, store_timestamp));
    if (end == std::string_view::npos) break;
    left.remove_prefix(end + 1);
  }
  if (options_.index_tags && !keys.tags.empty()) {
    const auto tag_start = protocol::java_hash("T#", start);
    RMQ_CHECK_OK(put_key(protocol::java_hash(keys.tags, tag_start), physical, store_timestamp));
  }
  return {};
}

IndexStore::Found IndexStore::query(std::string_view topic, std::string_view key, std::size_t max, std::int64_t begin,
                                    std::int64_t end, bool tag) const {
  Found found;
  auto hash = protocol::java_hash("#", protocol::java_hash(topic));
  if (tag) hash = protocol::java_hash("T#", hash);
  hash = index_hash(protocol::java_hash(key, hash));
  max = std::min(max, static_cast<std::size_t>(options_.max_query_count));
  std::shared_lock lock(mutex_);
  for (auto file = files_.rbegin(); file != files_.rend() && found.physical.size() < max; ++file) {
    if (file == files_.rbegin()) {
      found.last_update_timestamp = (*file)->end_timestamp();
      found.last_update_physical = (*file)->end_physical();
    }
    if ((*file)->overlaps(begin, end)) (*file)->select(hash, begin, end, max, found.physical);
    if ((*file)->begin_timestamp() < begin) break;
  }
  // A record with several equal keys, or put twice over a crash.
  found.physical.erase(std::unique(found.physical.begin(), found.physical.end()), found.physical.end());
  return found;
}

Status IndexStore::truncate(std::uint64_t physical) {
  const auto limit = static_cast<std::int64_t>(physical);
  std::unique_lock lock(mutex_);
  bool removed = false;
  while (!files_.empty()) {
    auto& file = *files_.back();
    if (file.count() > 1 && file.end_physical() < limit) break;
    RMQ_CHECK_OK(file.truncate(limit));
    if (file.count() > 1 || files_.size() == 1) break;
    RMQ_CHECK_OK(ops_.remove(file.path()));
    files_.pop_back();
    removed = true;
  }
  std::erase_if(full_, [&](const FilePtr& file) {
    return file == files_.back() || std::find(files_.begin(), files_.end(), file) == files_.end();
  });
  skip_through_ = std::min(skip_through_, limit - 1);
  return removed ? ops_.sync_names(directory_) : Status{};
}

Status IndexStore::clear() {
  std::unique_lock lock(mutex_);
  skip_through_ = -1;
  full_.clear();
  if (files_.empty()) return {};
  for (; !files_.empty(); files_.pop_back()) RMQ_CHECK_OK(ops_.remove(files_.back()->path()));
  return ops_.sync_names(directory_);
}

Status IndexStore::sync() {
  std::vector<FilePtr> files;
  {
    std::unique_lock lock(mutex_);
    files.swap(full_);
    if (!files_.empty()) files.push_back(files_.back());
  }
  for (const auto& file : files) RMQ_CHECK_OK(file->sync());
  return {};
}

void IndexStore::delete_below(std::uint64_t min_physical) {
  std::vector<FilePtr> gone;
  {
    std::unique_lock lock(mutex_);
    while (files_.size() > 1 && files_.front()->end_physical() < static_cast<std::int64_t>(min_physical)) {
      gone.push_back(std::move(files_.front()));
      files_.erase(files_.begin());
    }
  }
  for (const auto& file : gone) ::unlink(file->path().c_str());
}

}  // namespace rmq::store
