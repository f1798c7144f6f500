// The system calls of the store that can fail for lack of space or a broken disk, behind an interface so that tests can
// make them fail.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/file.h"

namespace rmq::store {

struct DiskSpace {
  std::uint64_t total = 0;
  std::uint64_t available = 0;  // for us, without what is reserved for root

  double used_ratio() const {
    return total == 0 ? 0 : 1.0 - static_cast<double>(available) / static_cast<double>(total);
  }
};

// Thread-safe.
class FileOps {
 public:
  virtual ~FileOps() = default;

  // Makes [offset, offset+size) of the file exist with blocks behind it, zero where nothing was written. kFull without
  // space. File systems that can't preallocate get a sparse file.
  virtual Status allocate(int fd, std::uint64_t offset, std::uint64_t size);
  // Writes all of `parts` back to back; may change them. On an error any part of it may be written. kFull without
  // space.
  virtual Status write(int fd, std::span<iovec> parts, std::uint64_t offset);
  virtual Status sync_data(int fd);
  virtual Status sync_all(const std::string& directory);  // its whole file system
  // Sets to zero and gives back the blocks: for files that are sparse anyway.
  virtual Status punch(int fd, std::uint64_t offset, std::uint64_t size);
  virtual Result<DiskSpace> disk_space(const std::string& directory);

  // Sets [offset, offset+size) to zero, by the cheapest way the file system has.
  virtual Status zero(int fd, std::uint64_t offset, std::uint64_t size);
  // Deletes a file; that it isn't there is no error. Durable after sync_names().
  virtual Status remove(const std::string& path);
  virtual Status sync_names(const std::string& directory);
  Status write_bytes(int fd, std::string_view bytes, std::uint64_t offset);
};

// The real thing; lives for ever.
FileOps& system_file_ops();

// Reads up to `size` bytes; fewer only at the end of the file.
Result<std::size_t> pread_all(int fd, char* to, std::size_t size, std::uint64_t offset);

// The names of a folder's regular files (or folders), unordered; empty if it does not exist.
std::vector<std::string> list_files(const std::string& directory);
std::vector<std::string> list_directories(const std::string& directory);

// "00000000001073741824": 20 digits, the offset of a file's first byte.
std::string offset_file_name(std::uint64_t offset);
// -1 if the name isn't one.
std::int64_t parse_offset_file_name(std::string_view name);

}  // namespace rmq::store
