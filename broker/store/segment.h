// One file of the commit log: written by pwrite, read through a mapping that stays valid as long as somebody holds the
// segment, even when its file is deleted meanwhile.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/file.h"

namespace rmq::store {

class Segment {
 public:
  // The file must exist with exactly `size` bytes.
  static Result<std::shared_ptr<Segment>> open(const std::string& path, std::uint64_t start, std::uint64_t size);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  std::uint64_t start() const { return start_; }
  std::uint64_t size() const { return size_; }
  std::uint64_t end() const { return start_ + size_; }
  const std::string& path() const { return path_; }
  int fd() const { return fd_.get(); }

  bool contains(std::uint64_t offset) const { return offset >= start_ && offset < end(); }
  // Offsets are of the whole log; the range must lie within the segment.
  std::string_view view(std::uint64_t from, std::uint64_t to) const {
    return {data_ + (from - start_), static_cast<std::size_t>(to - from)};
  }
  // Drops our page table entries of that range: the page cache keeps the data, our resident memory shrinks.
  void forget(std::uint64_t from, std::uint64_t to) const;
  // Whether all pages of the range are in memory.
  bool resident(std::uint64_t from, std::uint64_t to) const;

 private:
  Segment(std::string path, std::uint64_t start, std::uint64_t size, UniqueFd fd, const char* data)
      : path_(std::move(path)), start_(start), size_(size), fd_(std::move(fd)), data_(data) {}

  const std::string path_;
  const std::uint64_t start_;
  const std::uint64_t size_;
  UniqueFd fd_;
  const char* data_;
};

using SegmentPtr = std::shared_ptr<const Segment>;
using Segments = std::vector<SegmentPtr>;  // ascending, without gaps

// A piece of the log and what keeps it there.
struct LogView {
  std::string_view bytes;
  SegmentPtr owner;

  explicit operator bool() const { return owner != nullptr; }
};

}  // namespace rmq::store
