// A replica's commit log as the simulator sees it: records of one size, part of them perhaps only in the page cache.
#pragma once

#include <cstdint>
#include <vector>

namespace rmq::sim {

struct Record {
  std::int64_t id = 0;      // unique in a schedule
  std::int32_t epoch = 0;   // of the master that wrote it
  std::int64_t queue = 0;   // its queue offset, given by that master
  std::int64_t commit = 0;  // not 0: a committed consumer offset (a state record)
};

class LogModel {
 public:
  std::int64_t size() const { return static_cast<std::int64_t>(records_.size()); }
  const Record& at(std::int64_t index) const { return records_[static_cast<std::size_t>(index)]; }
  void append(const Record& record) {
    records_.push_back(record);
    ghost_.clear();
  }
  void flush() { flushed_ = size(); }
  std::int64_t flushed() const { return flushed_; }
  // `leaves_ghost`: the mistake of issue 10666, the bytes stay on disk as they were.
  void truncate(std::int64_t size_after, bool leaves_ghost) {
    if (size_after >= size()) return;
    ghost_.assign(records_.begin() + size_after, records_.end());
    if (!leaves_ghost) ghost_.clear();
    records_.resize(static_cast<std::size_t>(size_after));
    if (flushed_ > size_after) flushed_ = size_after;
  }
  void lose_page_cache() {
    records_.resize(static_cast<std::size_t>(flushed_));
    ghost_.clear();
  }
  // What recovery makes of the files when the process starts.
  void recover() {
    records_.insert(records_.end(), ghost_.begin(), ghost_.end());
    ghost_.clear();
  }

 private:
  std::vector<Record> records_;
  std::vector<Record> ghost_;
  std::int64_t flushed_ = 0;
};

}  // namespace rmq::sim
