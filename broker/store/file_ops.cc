#include "broker/store/file_ops.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <vector>

namespace rmq::store {
namespace {

tl::unexpected<Error> write_error(std::string_view what, int error) {
  if (error == ENOSPC || error == EDQUOT || error == EFBIG) {
    return fail(ErrorKind::kFull, std::string(what) + ": " + std::strerror(error));
  }
  return fail_errno(what, error);
}

std::vector<std::string> list(const std::string& directory, unsigned char type, mode_t mode) {
  std::vector<std::string> names;
  std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir(directory.c_str()), ::closedir);
  if (!dir) return names;
  while (const dirent* entry = ::readdir(dir.get())) {
    std::string name = entry->d_name;
    if (name == "." || name == "..") continue;
    if (entry->d_type == DT_UNKNOWN || entry->d_type == DT_LNK) {
      struct stat info;
      if (::stat((directory + "/" + name).c_str(), &info) != 0 || (info.st_mode & S_IFMT) != mode) continue;
    } else if (entry->d_type != type) {
      continue;
    }
    names.push_back(std::move(name));
  }
  return names;
}

}  // namespace

Status FileOps::allocate(int fd, std::uint64_t offset, std::uint64_t size) {
  // Blocks first and the length after: a crash in between leaves the old length, never one that no reader expects.
  while (::fallocate(fd, FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset), static_cast<off_t>(size)) != 0) {
    if (errno == EINTR) continue;
    if (errno != EOPNOTSUPP && errno != ENOSYS) return write_error("allocate", errno);
    break;
  }
  struct stat info;
  if (::fstat(fd, &info) != 0) return fail_errno("stat", errno);
  if (static_cast<std::uint64_t>(info.st_size) >= offset + size) return {};
  if (::ftruncate(fd, static_cast<off_t>(offset + size)) != 0) return write_error("extend", errno);
  return {};
}

Status FileOps::write(int fd, std::span<iovec> parts, std::uint64_t offset) {
  while (!parts.empty()) {
    const int count = static_cast<int>(std::min<std::size_t>(parts.size(), 1024));
    auto written = ::pwritev(fd, parts.data(), count, static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      return write_error("write", errno);
    }
    if (written == 0) return fail(ErrorKind::kIo, "write: nothing was written");
    offset += static_cast<std::uint64_t>(written);
    auto left = static_cast<std::size_t>(written);
    while (!parts.empty() && left >= parts.front().iov_len) {
      left -= parts.front().iov_len;
      parts = parts.subspan(1);
    }
    if (left > 0) {
      parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + left;
      parts.front().iov_len -= left;
    }
  }
  return {};
}

Status FileOps::write_bytes(int fd, std::string_view bytes, std::uint64_t offset) {
  iovec part{const_cast<char*>(bytes.data()), bytes.size()};
  return write(fd, std::span(&part, 1), offset);
}

Status FileOps::sync_data(int fd) {
  while (::fdatasync(fd) != 0) {
    if (errno == EINTR) continue;
    return write_error("sync", errno);
  }
  return {};
}

Status FileOps::sync_all(const std::string& directory) {
  UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::syncfs(fd.get()) != 0) return write_error("sync " + directory, errno);
  return {};
}

Result<DiskSpace> FileOps::disk_space(const std::string& directory) {
  struct statvfs info;
  if (::statvfs(directory.c_str(), &info) != 0) return fail_errno("disk space of " + directory, errno);
  DiskSpace space;
  // As df: what only root may use counts neither as total nor as available.
  space.total = (info.f_blocks - info.f_bfree + info.f_bavail) * info.f_frsize;
  space.available = info.f_bavail * info.f_frsize;
  return space;
}

Status FileOps::zero(int fd, std::uint64_t offset, std::uint64_t size) {
  if (size == 0) return {};
  if (::fallocate(fd, FALLOC_FL_ZERO_RANGE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                  static_cast<off_t>(size)) == 0) {
    return {};
  }
  if (::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                  static_cast<off_t>(size)) == 0) {
    return allocate(fd, offset, size);
  }
  const std::string zeros(std::min<std::uint64_t>(size, 1 << 20), '\0');
  while (size > 0) {
    const auto part = std::min<std::uint64_t>(size, zeros.size());
    RMQ_CHECK_OK(write_bytes(fd, std::string_view(zeros).substr(0, part), offset));
    offset += part;
    size -= part;
  }
  return {};
}

Status FileOps::punch(int fd, std::uint64_t offset, std::uint64_t size) {
  if (size == 0 || ::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                               static_cast<off_t>(size)) == 0) {
    return {};
  }
  return zero(fd, offset, size);
}

Status FileOps::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno("delete " + path, errno);
  return {};
}

Status FileOps::sync_names(const std::string& directory) {
  return sync_directory(directory);
}

FileOps& system_file_ops() {
  static FileOps ops;
  return ops;
}

Result<std::size_t> pread_all(int fd, char* to, std::size_t size, std::uint64_t offset) {
  std::size_t done = 0;
  while (done < size) {
    auto got = ::pread(fd, to + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0) {
      if (errno == EINTR) continue;
      return fail_errno("read", errno);
    }
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

std::vector<std::string> list_files(const std::string& directory) {
  return list(directory, DT_REG, S_IFREG);
}
std::vector<std::string> list_directories(const std::string& directory) {
  return list(directory, DT_DIR, S_IFDIR);
}

std::string offset_file_name(std::uint64_t offset) {
  char name[24];
  std::snprintf(name, sizeof name, "%020llu", static_cast<unsigned long long>(offset));
  return name;
}

std::int64_t parse_offset_file_name(std::string_view name) {
  if (name.size() != 20) return -1;
  std::int64_t value = 0;
  for (char c : name) {
    if (c < '0' || c > '9' || value > (INT64_MAX - 9) / 10) return -1;
    value = value * 10 + (c - '0');
  }
  return value;
}

}  // namespace rmq::store
