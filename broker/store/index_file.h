// One index file: from the hash of "topic#key" to places in the commit log.
// Source: org.apache.rocketmq.store.index.IndexFile and IndexHeader of release 5.5.0.
//
//   header, 40 bytes: beginTimestamp i64 | endTimestamp i64 | beginPhyOffset i64 | endPhyOffset i64 |
//                     hashSlotCount i32 (slots in use) | indexCount i32 (number of the next entry, from 1)
//   slots:   i32 each: number of the latest entry with this hash, 0 for none
//   entries: keyHash i32 | physical offset i64 | seconds after beginTimestamp i32 | number of the entry before i32
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "broker/store/file_ops.h"

namespace rmq::store {

// abs() of the Java hash, with Integer.MIN_VALUE as 0.
std::int32_t index_hash(std::int32_t java_hash);

// One thread puts, others select at the same time: what they see is a state between two puts.
class IndexFile {
 public:
  // Opens the file, or makes it. Slots are allocated at once and entries as they come, so that a full disk is an error
  // here and not a signal.
  static Result<std::shared_ptr<IndexFile>> open(const std::string& path, std::int32_t slots, std::int32_t entries,
                                                 FileOps& ops);
  ~IndexFile();
  IndexFile(const IndexFile&) = delete;
  IndexFile& operator=(const IndexFile&) = delete;

  bool full() const { return count() >= entries_; }
  // kFull: no space on the disk; nothing was changed.
  Status put(std::int32_t hash, std::int64_t physical, std::int64_t store_timestamp);

  // Adds physical offsets of `hash` stored in [begin, end], newest first, until there are `max`.
  void select(std::int32_t hash, std::int64_t begin, std::int64_t end, std::size_t max,
              std::vector<std::int64_t>& physical) const;
  bool overlaps(std::int64_t begin, std::int64_t end) const;

  std::int64_t begin_timestamp() const;
  std::int64_t end_timestamp() const;
  std::int64_t end_physical() const;
  std::int32_t count() const;  // number of the next entry

  // After a crash: keeps the leading entries that point below `physical` and rebuilds slots and header from them.
  // `timestamp_of` gives the store time of the record at an offset, or -1.
  template <class TimestampOf>
  Status repair(std::int64_t physical, TimestampOf&& timestamp_of) {
    const auto keep = entries_below(physical);
    std::int64_t begin_time = begin_timestamp();
    if (begin_time <= 0 && keep > 1) begin_time = timestamp_of(entry_physical(1));
    return rebuild(keep, begin_time);
  }

  // Takes back what points at `physical` or behind, newest first. Not together with put().
  Status truncate(std::int64_t physical);

  Status sync();
  const std::string& path() const { return path_; }

 private:
  IndexFile(std::string path, UniqueFd fd, char* data, std::int32_t slots, std::int32_t entries, FileOps& ops);

  char* slot(std::int32_t index) const;
  char* entry(std::int32_t number) const;
  std::int64_t entry_physical(std::int32_t number) const;
  std::int32_t entries_below(std::int64_t physical) const;
  void set_header(std::int64_t begin_time, std::int32_t slots_used, std::int32_t count);
  Status forget_behind(std::int32_t number, std::int32_t until);
  Status rebuild(std::int32_t count, std::int64_t begin_time);
  Status reserve(std::int32_t number);

  const std::string path_;
  UniqueFd fd_;
  char* const data_;
  const std::int32_t slots_;
  const std::int32_t entries_;
  FileOps& ops_;
  std::uint64_t reserved_ = 0;  // bytes with blocks behind them
};

}  // namespace rmq::store
