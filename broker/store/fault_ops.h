// For tests: a disk that fills up, breaks, or loses power.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

#include "broker/store/file_ops.h"

namespace rmq::store::testing {

class FaultOps final : public FileOps {
 public:
  std::atomic<bool> full{false};        // writes and allocations fail for lack of space
  std::atomic<bool> full_files{false};  // only allocations do
  std::atomic<bool> broken{false};      // syncs fail
  std::atomic<int> used_percent{10};
  // After this many operations that change something, the next one is done by half, and from then on all fail: what a
  // process leaves that is killed there. Negative: never.
  std::atomic<int> dies_after{-1};
  bool dead() const { return dead_; }
  void revive() {
    dies_after = -1;
    dead_ = false;
  }

  Status allocate(int fd, std::uint64_t offset, std::uint64_t size) override {
    if (dies()) return killed();
    if (full || full_files) return fail(ErrorKind::kFull, "no space (test)");
    return FileOps::allocate(fd, offset, size);
  }
  Status write(int fd, std::span<iovec> parts, std::uint64_t offset) override {
    const bool dying = !dead_ && dies();
    if (dying || full) {
      if (!parts.empty()) (void)!::pwrite(fd, parts[0].iov_base, parts[0].iov_len / 2, static_cast<off_t>(offset));
    }
    if (dead_) return killed();
    if (full) {
      return fail(ErrorKind::kFull, "no space (test)");
    }
    std::uint64_t size = 0;
    for (const auto& part : parts) size += part.iov_len;
    remember(fd, offset, size);
    return FileOps::write(fd, parts, offset);
  }
  Status sync_data(int fd) override {
    if (dies()) return killed();
    if (broken) return fail(ErrorKind::kIo, "disk broken (test)");
    std::lock_guard lock(mutex_);
    unsynced_.erase(path_of(fd));
    return {};  // the page cache is the disk here
  }
  Status sync_all(const std::string&) override {
    if (dies()) return killed();
    std::lock_guard lock(mutex_);
    unsynced_.clear();
    return {};
  }
  Status zero(int fd, std::uint64_t offset, std::uint64_t size) override {
    if (!dead_ && dies()) (void)FileOps::zero(fd, offset, size / 2);
    if (dead_) return killed();
    remember(fd, offset, size);
    return FileOps::zero(fd, offset, size);
  }
  Status remove(const std::string& path) override {
    if (dies()) return killed();
    return FileOps::remove(path);
  }
  Status sync_names(const std::string& directory) override {
    if (dies()) return killed();
    return FileOps::sync_names(directory);
  }
  Status punch(int fd, std::uint64_t offset, std::uint64_t size) override {
    if (!dead_ && dies()) (void)FileOps::punch(fd, offset, size / 2);
    if (dead_) return killed();
    remember(fd, offset, size);
    return FileOps::punch(fd, offset, size);
  }
  Result<DiskSpace> disk_space(const std::string&) override {
    if (full || full_files) return DiskSpace{100ULL << 30, 0};
    return DiskSpace{100ULL << 30, static_cast<std::uint64_t>(100 - used_percent) << 30};
  }

  // Copies the folder as a power cut would leave it: of each sector written since its file was last synced, either the
  // old or the new content is there.
  void power_cut(const std::string& from, const std::string& to, std::mt19937& random) {
    std::filesystem::copy(from, to, std::filesystem::copy_options::recursive);
    std::lock_guard lock(mutex_);
    for (const auto& [path, sectors] : unsynced_) {
      if (!path.starts_with(from)) continue;
      UniqueFd fd(::open((to + path.substr(from.size())).c_str(), O_RDWR));
      if (!fd) continue;
      for (const auto& [offset, old] : sectors) {
        if (random() % 2 == 0) (void)!::pwrite(fd.get(), old.data(), old.size(), static_cast<off_t>(offset));
      }
    }
  }

 private:
  bool dies() {
    if (!dead_ && dies_after >= 0 && dies_after-- == 0) dead_ = true;
    return dead_;
  }
  static tl::unexpected<Error> killed() { return fail(ErrorKind::kIo, "killed (test)"); }

  std::atomic<bool> dead_{false};
  static constexpr std::uint64_t kSector = 512;

  static std::string path_of(int fd) {
    std::error_code code;
    return std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(fd), code).string();
  }
  void remember(int fd, std::uint64_t offset, std::uint64_t size) {
    std::lock_guard lock(mutex_);
    auto& sectors = unsynced_[path_of(fd)];
    for (auto at = offset / kSector * kSector; at < offset + size; at += kSector) {
      if (sectors.contains(at)) continue;
      std::string old(kSector, '\0');
      auto got = ::pread(fd, old.data(), old.size(), static_cast<off_t>(at));
      old.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
      sectors[at] = std::move(old);
    }
  }

  std::mutex mutex_;
  std::map<std::string, std::map<std::uint64_t, std::string>> unsynced_;
};

}  // namespace rmq::store::testing
