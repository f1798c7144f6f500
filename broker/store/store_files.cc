#include "broker/store/store_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "common/base/bytes.h"

namespace rmq::store {
namespace {

constexpr std::size_t kCheckpointBytes = 4096;

bool exists(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0;
}

}  // namespace

Status refuse_foreign_store(const StorePaths& paths) {
  for (const auto& name : list_directories(paths.root)) {
    // Folders that the original makes in RocksDB mode only.
    if (name == "consumequeue_rocksdb" || name == "consumequeue_r") {
      return fail(ErrorKind::kUnsupported,
                  paths.root + "/" + name +
                      ": this store keeps its consume queues in RocksDB (storeType=defaultRocksDB), "
                      "which this broker does not read. Let the original broker export it to storeType=default first.");
    }
    if (name.starts_with("dledger-")) {
      return fail(ErrorKind::kUnsupported,
                  paths.root + "/" + name +
                      ": this store's log is in DLedger form (enableDLegerCommitLog=true), which this "
                      "broker does not read. Drain it with the original broker, or start with an empty store.");
    }
  }
  if (!list_directories(paths.root + "/batchconsumequeue").empty()) {
    return fail(ErrorKind::kUnsupported,
                paths.root +
                    "/batchconsumequeue: this store has topics of the type BatchCQ, which "
                    "this broker does not read. Delete those topics with the original broker first.");
  }
  // The original puts RocksDB's files straight into consumequeue/ when no separate path is set.
  if (exists(paths.consume_queue() + "/CURRENT")) {
    return fail(ErrorKind::kUnsupported,
                paths.consume_queue() +
                    " is a RocksDB database (storeType=defaultRocksDB), which this broker does not "
                    "read. Let the original broker export it to storeType=default first.");
  }
  return {};
}

Result<Checkpoint> read_checkpoint(const std::string& path) {
  auto bytes = read_file(path, 1 << 20);
  if (!bytes) {
    if (bytes.error().kind == ErrorKind::kNotFound) return Checkpoint{};
    return fail(std::move(bytes).error());
  }
  if (bytes->size() < 6 * 8) return Checkpoint{};
  const char* at = bytes->data();
  Checkpoint checkpoint;
  checkpoint.physic_msg_timestamp = load_be<std::int64_t>(at);
  checkpoint.logics_msg_timestamp = load_be<std::int64_t>(at + 8);
  checkpoint.index_msg_timestamp = load_be<std::int64_t>(at + 16);
  checkpoint.master_flushed_offset = load_be<std::int64_t>(at + 24);
  checkpoint.confirm_physical_offset = load_be<std::int64_t>(at + 32);
  checkpoint.logics_physical_offset = load_be<std::int64_t>(at + 40);
  return checkpoint;
}

Status write_checkpoint(const std::string& path, const Checkpoint& checkpoint, FileOps& ops) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) return fail_errno("open " + path, errno);
  struct stat info;
  if (::fstat(fd.get(), &info) != 0) return fail_errno("stat " + path, errno);
  // 48 bytes within one sector: written whole or not at all.
  std::string bytes;
  for (auto value :
       {checkpoint.physic_msg_timestamp, checkpoint.logics_msg_timestamp, checkpoint.index_msg_timestamp,
        checkpoint.master_flushed_offset, checkpoint.confirm_physical_offset, checkpoint.logics_physical_offset}) {
    append_be(bytes, value);
  }
  if (static_cast<std::size_t>(info.st_size) < kCheckpointBytes) bytes.resize(kCheckpointBytes, '\0');
  if (auto status = ops.write_bytes(fd.get(), bytes, 0); !status) return fail(std::move(status).error().with(path));
  return ops.sync_data(fd.get());
}

Result<StoreLock> StoreLock::acquire(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) return fail_errno("open " + path, errno);
  // The original locks the first byte with a POSIX record lock; an open-file-description lock of the same byte
  // conflicts with it, and with a second opening by our own process as well.
  struct flock range {};
  range.l_type = F_WRLCK;
  range.l_whence = SEEK_SET;
  range.l_start = 0;
  range.l_len = 1;
  if (::fcntl(fd.get(), F_OFD_SETLK, &range) != 0) {
    if (errno == EAGAIN || errno == EACCES) {
      return fail(ErrorKind::kConflict, "another broker is using this store (" + path + ")");
    }
    return fail_errno("lock " + path, errno);
  }
  RMQ_CHECK_OK(pwrite_all(fd.get(), "lock", 0));
  return StoreLock(std::move(fd));
}

Status create_abort_file(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
  if (!fd) return fail_errno("create " + path, errno);
  RMQ_CHECK_OK(pwrite_all(fd.get(), std::to_string(::getpid()), 0));
  if (::fsync(fd.get()) != 0) return fail_errno("sync " + path, errno);
  return sync_directory(std::filesystem::path(path).parent_path().string());
}

}  // namespace rmq::store
