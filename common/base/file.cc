#include "common/base/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace rmq {
namespace {

std::string directory_of(const std::string& path) {
  auto parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

Status rename_file(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return fail_errno("rename " + from + " to " + to, errno);
  return {};
}

}  // namespace

void UniqueFd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<std::string> read_file(const std::string& path, std::uint64_t max_bytes) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    if (errno == ENOENT) return fail(ErrorKind::kNotFound, path + " does not exist");
    return fail_errno("open " + path, errno);
  }
  std::string content;
  char block[64 * 1024];
  while (true) {
    auto got = ::read(fd.get(), block, sizeof block);
    if (got < 0) {
      if (errno == EINTR) continue;
      return fail_errno("read " + path, errno);
    }
    if (got == 0) return content;
    if (content.size() + static_cast<std::uint64_t>(got) > max_bytes) {
      return fail(ErrorKind::kInvalid, path + " is larger than " + std::to_string(max_bytes) + " bytes");
    }
    content.append(block, static_cast<std::size_t>(got));
  }
}

Status pwrite_all(int fd, std::string_view bytes, std::uint64_t offset) {
  while (!bytes.empty()) {
    auto written = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (written < 0) {
      if (errno == EINTR) continue;
      if (errno == ENOSPC || errno == EDQUOT) return fail(ErrorKind::kFull, "write: no space left on the device");
      return fail_errno("write", errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
    offset += static_cast<std::uint64_t>(written);
  }
  return {};
}

Status sync_directory(const std::string& directory) {
  UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return fail_errno("open " + directory, errno);
  if (::fsync(fd.get()) != 0) return fail_errno("sync " + directory, errno);
  return {};
}

Status make_directories(const std::string& directory) {
  std::error_code code;
  std::filesystem::create_directories(directory, code);
  if (code) return fail(ErrorKind::kIo, "create " + directory + ": " + code.message());
  return {};
}

Status replace_file(const std::string& path, std::string_view content) {
  const auto directory = directory_of(path);
  RMQ_CHECK_OK(make_directories(directory));
  const auto temporary = path + ".tmp";
  {
    UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!fd) return fail_errno("create " + temporary, errno);
    if (auto status = pwrite_all(fd.get(), content, 0); !status) {
      return fail(std::move(status).error().with(temporary));
    }
    if (::fsync(fd.get()) != 0) return fail_errno("sync " + temporary, errno);
  }
  // Between the two renames only .bak exists; read_file_or_backup() covers that moment.
  if (auto moved = rename_file(path, path + ".bak"); !moved && errno != ENOENT) return moved;
  RMQ_CHECK_OK(rename_file(temporary, path));
  return sync_directory(directory);
}

Result<std::string> read_file_or_backup(const std::string& path, std::uint64_t max_bytes) {
  auto content = read_file(path, max_bytes);
  if (content && !content->empty()) return content;
  auto backup = read_file(path + ".bak", max_bytes);
  if (backup && !backup->empty()) return backup;
  if (!content && content.error().kind != ErrorKind::kNotFound) return content;
  return fail(ErrorKind::kNotFound, path + " does not exist");
}

}  // namespace rmq
