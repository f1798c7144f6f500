// The small files beside the log: lock, abort, checkpoint; and the marks of stores that we refuse.
// Source: DefaultMessageStore, StoreCheckpoint, StorePathConfigHelper of org.apache.rocketmq.store 5.5.0.
#pragma once

#include <cstdint>
#include <string>

#include "broker/store/file_ops.h"
#include "common/base/file.h"
#include "common/base/result.h"

namespace rmq::store {

struct StorePaths {
  std::string root;
  std::string commit_log;

  std::string consume_queue() const { return root + "/consumequeue"; }
  std::string index() const { return root + "/index"; }
  std::string checkpoint() const { return root + "/checkpoint"; }
  std::string abort() const { return root + "/abort"; }
  std::string lock() const { return root + "/lock"; }
};

// kUnsupported, with what to do about it, if the folder holds a RocksDB or DLedger store.
Status refuse_foreign_store(const StorePaths& paths);

// root/checkpoint: six i64 at the start of 4096 bytes. Everything before these points is on disk, in the log and in the
// consume queues.
struct Checkpoint {
  std::int64_t physic_msg_timestamp = 0;  // store time of the last message on disk
  std::int64_t logics_msg_timestamp = 0;  // ... whose consume queue unit is on disk
  std::int64_t index_msg_timestamp = 0;   // ... whose index entries are on disk
  std::int64_t master_flushed_offset = 0;
  std::int64_t confirm_physical_offset = 0;
  std::int64_t logics_physical_offset = 0;  // where the record of logics_msg_timestamp starts; 0: unknown
};
Result<Checkpoint> read_checkpoint(const std::string& path);  // all zero if there is no file
// In place, synced.
Status write_checkpoint(const std::string& path, const Checkpoint& checkpoint, FileOps& ops);

// root/lock, held as long as this lives; compatible with the original's FileChannel.tryLock(0, 1).
class StoreLock {
 public:
  // kConflict: another process has the store.
  static Result<StoreLock> acquire(const std::string& path);

 private:
  explicit StoreLock(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

// root/abort exists while a store is open: found at start, the last stop was a crash.
Status create_abort_file(const std::string& path);

}  // namespace rmq::store
