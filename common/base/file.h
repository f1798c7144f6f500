// Small files, read and replaced whole, safely.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rmq {

// Owns a file descriptor.
class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  ~UniqueFd() { reset(); }
  UniqueFd(UniqueFd&& other) noexcept : fd_(other.release()) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = other.release();
    }
    return *this;
  }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() {
    int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void reset();

 private:
  int fd_ = -1;
};

inline constexpr std::uint64_t kMaxConfigFileBytes = 1ULL << 30;

// kNotFound if there is none; kInvalid if it is larger than max_bytes.
Result<std::string> read_file(const std::string& path, std::uint64_t max_bytes = kMaxConfigFileBytes);

// Crash-safe: after a crash at any point the old content or the new one is there, in `path` or `path.bak`.
// The previous content is kept as `path.bak`, as the Java original does. Data and directory are synced.
Status replace_file(const std::string& path, std::string_view content);

// `path`, or `path.bak` when `path` is missing or empty (the Java original's fallback). kNotFound if neither is there.
Result<std::string> read_file_or_backup(const std::string& path, std::uint64_t max_bytes = kMaxConfigFileBytes);

// Makes a rename or creation in `directory` durable.
Status sync_directory(const std::string& directory);
Status make_directories(const std::string& directory);

// Writes all of `bytes` at `offset`, however the kernel splits it.
Status pwrite_all(int fd, std::string_view bytes, std::uint64_t offset);

}  // namespace rmq
