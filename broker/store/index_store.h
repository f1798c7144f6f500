// All index files of a store: root/index/<yyyyMMddHHmmssSSS>, each as IndexFile describes it.
// Source: org.apache.rocketmq.store.index.IndexService of release 5.5.0.
#pragma once

#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "broker/store/index_file.h"
#include "broker/store/store_options.h"
#include "common/base/clock.h"

namespace rmq::store {

class CommitLog;
class TopicQueue;

struct IndexKeys {
  std::string_view uniq_key;
  std::string_view keys;  // separated by spaces
  std::string_view tags;
};

class IndexStore {
 public:
  IndexStore(const StoreOptions& options, std::string directory, FileOps& ops, const Clock& clock);

  // Start. `crashed`: entries that point at `trusted` or behind are dropped; they will be put again.
  Status load(bool crashed, std::uint64_t trusted, const CommitLog& log);

  // The dispatcher's. Records that were indexed before a clean stop are skipped. kFull: call again later; keys of this
  // record may then be there twice.
  Status put(const TopicQueue& queue, const IndexKeys& keys, std::int64_t physical, std::int64_t store_timestamp);

  // For a log that is cut, while the dispatcher stands still: forgets entries that point at `physical` or behind; or
  // all.
  Status truncate(std::uint64_t physical);
  Status clear();

  // Any thread. Physical offsets of messages with that key, stored in [begin, end], newest first. Different keys can
  // have the same hash: the caller compares. `tag`: looks for TAGS.
  struct Found {
    std::vector<std::int64_t> physical;
    std::int64_t last_update_timestamp = 0;
    std::int64_t last_update_physical = 0;
  };
  Found query(std::string_view topic, std::string_view key, std::size_t max, std::int64_t begin, std::int64_t end,
              bool tag = false) const;

  // Upkeep, one thread.
  Status sync();
  void delete_below(std::uint64_t min_physical);

 private:
  using FilePtr = std::shared_ptr<IndexFile>;
  Result<FilePtr> current();
  Status put_key(std::int32_t java_hash, std::int64_t physical, std::int64_t store_timestamp);
  std::string new_file_name() const;

  const StoreOptions& options_;
  const std::string directory_;
  FileOps& ops_;
  const Clock& clock_;

  mutable std::shared_mutex mutex_;  // guards the list; only the dispatcher and upkeep change it
  std::vector<FilePtr> files_;       // oldest first
  std::vector<FilePtr> full_;        // to be synced once more
  std::int64_t skip_through_ = -1;   // records that were indexed before a clean stop
};

}  // namespace rmq::store
