// What the store is told at start; names of broker.conf in the comments. Sizes in bytes, times in milliseconds.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace rmq::store {

enum class FlushMode { kAsync, kSync };

struct StoreOptions {
  std::string root;        // storePathRootDir
  std::string commit_log;  // storePathCommitLog; empty: root/commitlog

  std::uint64_t commit_log_file_bytes = 1ULL << 30;       // mapedFileSizeCommitLog
  std::uint64_t consume_queue_file_bytes = 300'000 * 20;  // mapedFileSizeConsumeQueue; made a multiple of 20
  std::int32_t index_slots = 5'000'000;                   // maxHashSlotNum
  std::int32_t index_entries = 20'000'000;                // maxIndexNum
  bool index_enabled = true;                              // messageIndexEnable
  bool index_tags = true;                                 // 5.5.0 indexes TAGS too, as topic#T#tags
  std::int32_t max_message_bytes = 4 * 1024 * 1024;       // maxMessageSize, of the body

  FlushMode flush_mode = FlushMode::kAsync;      // flushDiskType
  std::int64_t flush_interval_ms = 500;          // flushIntervalCommitLog
  std::int64_t flush_least_pages = 4;            // flushCommitLogLeastPages
  std::int64_t flush_thorough_ms = 10'000;       // flushCommitLogThoroughInterval
  std::int64_t sync_flush_timeout_ms = 5'000;    // syncFlushTimeout
  std::int64_t slave_timeout_ms = 3'000;         // slaveTimeout: how long a message waits for its copies
  std::int64_t checkpoint_interval_ms = 10'000;  // how much is dispatched again after a crash; Java's is 60 s
  bool check_crc_on_recover = true;              // checkCRCOnRecover
  bool crc_property = false;                     // enabledAppendPropCRC

  // Opens as a replica: no producer's message is stored before become_master().
  bool start_as_replica = false;
  // Readers see nothing beyond the confirm offset that the checkpoint remembers, until replication says more.
  bool dispatch_to_confirm_only = false;
  // Of one record that a master may send: bounds the memory for one that comes in pieces.
  std::uint64_t max_replica_record_bytes = 64ULL << 20;

  std::uint64_t max_waiting_append_bytes = 128ULL << 20;  // appends beyond are answered "busy" at once
  std::uint64_t max_write_bytes = 4ULL << 20;             // of one system call

  std::int64_t file_reserved_hours = 72;    // fileReservedTime
  std::string delete_when = "04";           // deleteWhen: hours of the day, separated by ';'
  int disk_clean_percent = 75;              // diskMaxUsedSpaceRatio: files past their time go at any hour
  int disk_clean_forcibly_percent = 85;     // diskSpaceCleanForciblyRatio: the oldest go whatever their age
  int disk_full_percent = 90;               // diskSpaceWarningLevelRatio: writing stops
  bool clean_forcibly = true;               // cleanFileForciblyEnable
  std::int64_t clean_interval_ms = 10'000;  // cleanResourceInterval
  int delete_batch = 10;                    // deleteFileBatchMax

  std::int32_t max_get_count_in_memory = 32;          // maxTransferCountOnMessageInMemory
  std::int32_t max_get_bytes_in_memory = 256 * 1024;  // maxTransferBytesOnMessageInMemory
  std::int32_t max_get_count_on_disk = 8;             // maxTransferCountOnMessageInDisk
  std::int32_t max_get_bytes_on_disk = 64 * 1024;     // maxTransferBytesOnMessageInDisk
  std::int32_t max_filter_bytes = 16'000;             // maxFilterMessageSize, of consume queue units
  std::int32_t max_query_count = 64;                  // maxMsgsNumBatch
  std::uint64_t memory_bytes = 0;  // what counts as memory for the hot/cold judgement; 0: the machine's
  int memory_percent = 40;         // accessMessageInMemoryMaxRatio

  // Delay of level 1, 2, ... (messageDelayLevel); gives the tags code of records in SCHEDULE_TOPIC_XXXX.
  std::vector<std::int64_t> delay_levels_ms = {1'000,   5'000,   10'000,    30'000,    60'000,    120'000,
                                               180'000, 240'000, 300'000,   360'000,   420'000,   480'000,
                                               540'000, 600'000, 1'200'000, 1'800'000, 3'600'000, 7'200'000};

  std::size_t max_open_queue_files = 1024;
  std::int64_t dispatch_nap_us = 500;  // without waiting readers the dispatcher gathers this long; 0: never
  bool start_threads = true;           // false: tests drive flush, dispatch and maintenance by hand
};

}  // namespace rmq::store
