// The journal's queue in the message store: its records in order, and entries as records to append.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "broker/journal/journal_entry.h"
#include "broker/store/message_store.h"

namespace rmq::broker {

// Thread-safe: has no state of its own.
class JournalQueue {
 public:
  // `store_host`: ip and port bytes. `part_bytes`: see StateJournalOptions.
  JournalQueue(store::MessageStore& store, std::string store_host, std::size_t part_bytes);

  // Queue offsets: of the first record that is still there, behind the last that can be read, and behind the last
  // that was appended. 0 while there is no queue.
  std::int64_t begin() const;
  std::int64_t end() const;
  std::int64_t appended() const;
  // Where the record before that offset ends in the log; 0 if that is not known.
  std::uint64_t log_end(std::int64_t offset) const;
  std::uint64_t log_max() const { return store_.log().max_offset(); }
  std::uint64_t next_file(std::uint64_t log_offset) const { return store_.log().next_file_start(log_offset); }
  // Whether everything up to that place of the log can be read.
  bool readable_to(std::uint64_t log_offset) const { return store_.dispatcher().position() >= log_offset; }

  // Records from `from` (or the beginning) on, until the end or `visit` gives false. Returns where to go on. kCorrupt:
  // the record at the offset that `next` then has cannot be read.
  using Visit = std::function<bool(std::int64_t offset, std::string_view body)>;
  Status read(std::int64_t from, std::int64_t& next, const Visit& visit) const;
  // Where the newest complete snapshot begins that is known of; nothing if there is none.
  std::optional<std::int64_t> find_snapshot() const;

  // Adds the entry's records. kInvalid: one does not fit the log.
  Status add(store::AppendBatch& batch, std::string_view body) const;
  std::vector<std::string> bodies(const JournalEntry& entry) const { return encode_journal_entry(entry, part_bytes_); }
  store::AppendStatus append(std::unique_ptr<store::AppendBatch>& batch) { return store_.append(batch); }

 private:
  const store::TopicQueue* find() const;
  bool is_complete_snapshot(std::int64_t offset) const;

  store::MessageStore& store_;
  const std::string store_host_;
  const std::size_t part_bytes_;
};

}  // namespace rmq::broker
