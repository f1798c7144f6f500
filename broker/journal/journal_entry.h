// The journal's bytes. Pure.
//
// An entry is a change or a snapshot:   {"kind":"change","sections":[["topics",123],...]}\n and the sections' payloads,
// whose lengths in bytes stand beside the tables' names.
// An entry is cut into the bodies of one or more consecutive records, each:
//   {"v":1,"w":"<writer>","n":5,"p":0,"of":3,"snap":17}\n and the part's bytes.
// w: one mastership of one process; n: the entry's number within it; p of `of`: the part; snap: the queue offset where
// the newest complete snapshot begins that the writer knew of, -1 for none. Parts of one entry follow each other; an
// entry whose parts are not all there (its writer died) never was.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace rmq::broker {

enum class JournalKind : std::uint8_t { kChange, kSnapshot };

struct JournalSection {
  std::string table;
  std::string payload;
};

struct JournalEntry {
  JournalKind kind = JournalKind::kChange;
  std::string writer;
  std::int64_t number = 0;
  std::int64_t snapshot = -1;  // as the first record has it
  std::vector<JournalSection> sections;

  // Set by the reader: queue offsets of its first record, and behind its last.
  std::int64_t begin = 0;
  std::int64_t end = 0;
};

// The bodies of the records; each holds at most `part_bytes` of the entry beside its first line.
std::vector<std::string> encode_journal_entry(const JournalEntry& entry, std::size_t part_bytes);

// What stands in a record's first line.
struct JournalPart {
  std::string writer;
  std::int64_t number = 0;
  std::int64_t part = 0;
  std::int64_t of = 0;
  std::int64_t snapshot = -1;
  std::string_view bytes;  // of the body it was read from
};
// kCorrupt: not the journal's; kUnsupported: of a later version.
Result<JournalPart> decode_journal_part(std::string_view body);

// Puts entries together from records in the order of the queue.
class JournalReader {
 public:
  // The entry that this record completes, if it does. After an error it goes on with the next record.
  Result<std::optional<JournalEntry>> feed(std::int64_t queue_offset, std::string_view body);
  // The queue offset from which reading must start again to miss nothing that was not given out yet.
  std::int64_t resume_at(std::int64_t next_offset) const { return building_ ? begin_ : next_offset; }
  void reset() { drop(); }

 private:
  void drop();

  bool building_ = false;
  std::int64_t begin_ = 0;
  JournalPart first_;
  std::int64_t next_part_ = 0;
  std::string bytes_;
};

}  // namespace rmq::broker
