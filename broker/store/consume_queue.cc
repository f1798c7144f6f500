#include "broker/store/consume_queue.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>

#include "common/base/bytes.h"
#include "common/base/log.h"

namespace rmq::store {
namespace {

constexpr std::int64_t kUnit = ConsumeQueues::kUnit;
constexpr std::int64_t kMaxGap = 3'000'000;    // units; a record that claims more is damaged
constexpr std::size_t kMaxIdlePending = 1024;  // bytes a quiet queue keeps

QueueUnit decode(const char* at) {
  return {load_be<std::int64_t>(at), load_be<std::int32_t>(at + 8), load_be<std::int64_t>(at + 12)};
}

void append_unit(std::string& out, const QueueUnit& unit) {
  char bytes[kUnit];
  store_be(bytes, unit.physical_offset);
  store_be(bytes + 8, unit.size);
  store_be(bytes + 12, unit.tags_code);
  out.append(bytes, sizeof bytes);
}

void append_blanks(std::string& out, std::int64_t count) {
  out.reserve(out.size() + static_cast<std::size_t>(count * kUnit));
  for (std::int64_t i = 0; i < count; ++i) append_unit(out, {0, QueueUnit::kBlankSize, 0});
}

}  // namespace

ConsumeQueues::ConsumeQueues(const StoreOptions& options, std::string directory, FileOps& ops, TopicQueueTable& table)
    : options_(options),
      directory_(std::move(directory)),
      // As the original: rounded up to whole units.
      file_bytes_((static_cast<std::int64_t>(options.consume_queue_file_bytes) + kUnit - 1) / kUnit * kUnit),
      ops_(ops),
      table_(table) {}

std::string ConsumeQueues::directory_of(const TopicQueue& queue) const {
  return directory_ + "/" + queue.topic() + "/" + std::to_string(queue.id());
}

Result<ConsumeQueues::FilePtr> ConsumeQueues::open(const TopicQueue& queue, std::int64_t start, bool create) {
  const Key key{&queue, start};
  std::lock_guard lock(files_mutex_);
  if (auto found = files_.find(key); found != files_.end()) {
    lru_.splice(lru_.begin(), lru_, found->second);
    return found->second->second;
  }
  const auto folder = directory_of(queue);
  const auto path = folder + "/" + offset_file_name(static_cast<std::uint64_t>(start));
  auto file = std::make_shared<File>();
  file->fd = UniqueFd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!file->fd && errno == ENOENT) {
    if (!create) return fail(ErrorKind::kNotFound, path + " does not exist");
    RMQ_CHECK_OK(make_directories(folder));
    file->fd = UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
    if (file->fd && ::ftruncate(file->fd.get(), file_bytes_) != 0) {
      const int error = errno;
      ::unlink(path.c_str());
      if (error == ENOSPC || error == EDQUOT) return fail(ErrorKind::kFull, "no space for " + path);
      return fail_errno("extend " + path, error);
    }
    std::lock_guard dirty_lock(dirty_mutex_);
    created_files_ = true;
  }
  if (!file->fd) {
    if (errno == ENOSPC || errno == EDQUOT) return fail(ErrorKind::kFull, "no space for " + path);
    return fail_errno("open " + path, errno);
  }
  lru_.emplace_front(key, file);
  files_[key] = lru_.begin();
  while (lru_.size() > std::max<std::size_t>(1, options_.max_open_queue_files)) {
    files_.erase(lru_.back().first);
    lru_.pop_back();
  }
  return file;
}

Status ConsumeQueues::load() {
  for (const auto& topic : list_directories(directory_)) {
    for (const auto& name : list_directories(directory_ + "/" + topic)) {
      std::int32_t id = 0;
      const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), id);
      if (code != std::errc() || end != name.data() + name.size()) continue;
      auto& queue = table_.find_or_create(topic, id);
      RMQ_CHECK_OK(load_queue(queue));
    }
  }
  return {};
}

Status ConsumeQueues::load_queue(TopicQueue& queue) {
  const auto folder = directory_of(queue);
  std::vector<std::int64_t> starts;
  for (const auto& name : list_files(folder)) {
    if (const auto start = parse_offset_file_name(name); start >= 0) starts.push_back(start);
  }
  std::sort(starts.begin(), starts.end());
  std::int64_t end = 0;
  while (!starts.empty()) {
    const auto last = starts.back();
    const auto path = folder + "/" + offset_file_name(static_cast<std::uint64_t>(last));
    UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat info;
    if (!fd || ::fstat(fd.get(), &info) != 0) return fail_errno("open " + path, errno);
    std::int64_t units = 0;
    if (info.st_size != 0) {
      if (info.st_size != file_bytes_) {
        return fail(ErrorKind::kCorrupt, path + " has " + std::to_string(info.st_size) + " bytes instead of " +
                                             std::to_string(file_bytes_) + " (mapedFileSizeConsumeQueue)");
      }
      RMQ_TRY(units, count_units(fd.get()));
      char bytes[kUnit];
      if (units > 0 && pread_all(fd.get(), bytes, kUnit, static_cast<std::uint64_t>((units - 1) * kUnit))) {
        const auto unit = decode(bytes);
        queue.last_physical_ = unit.blank() ? -1 : unit.physical_offset;
      }
      if (units > 0 && starts.size() == 1 && pread_all(fd.get(), bytes, kUnit, 0)) {
        const auto unit = decode(bytes);
        queue.first_physical_.store(unit.blank() ? -1 : unit.physical_offset, std::memory_order_relaxed);
      }
    }
    end = last + units * kUnit;
    if (units > 0) break;
    // Made ahead and never written. The only file stays: its name keeps the queue's offset.
    if (starts.size() == 1 && info.st_size != 0) break;
    ::unlink(path.c_str());
    starts.pop_back();
  }
  if (starts.empty()) return {};
  for (std::size_t i = 1; i < starts.size(); ++i) {
    if (starts[i] - starts[i - 1] != file_bytes_) {
      return fail(ErrorKind::kCorrupt, folder + " has a gap between its files");
    }
  }
  queue.first_file_.store(starts.front(), std::memory_order_relaxed);
  queue.min_.store(starts.front() / kUnit, std::memory_order_relaxed);
  queue.max_.store(end / kUnit, std::memory_order_relaxed);
  queue.next_.store(end / kUnit, std::memory_order_relaxed);
  return {};
}

// How many units the file starts with: few reads for a short queue, a binary search for a long one.
Result<std::int64_t> ConsumeQueues::count_units(int fd) {
  char block[4000];
  RMQ_TRY(auto got, pread_all(fd, block, sizeof block, 0));
  const auto in_block = static_cast<std::int64_t>(got) / kUnit;
  for (std::int64_t i = 0; i < in_block; ++i) {
    if (!decode(block + i * kUnit).written()) return i;
  }
  std::int64_t low = in_block;  // all below are written
  std::int64_t high = file_bytes_ / kUnit;
  while (low < high) {
    const auto middle = (low + high) / 2;
    RMQ_TRY(got, pread_all(fd, block, kUnit, static_cast<std::uint64_t>(middle * kUnit)));
    if (got == kUnit && decode(block).written()) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

Result<QueueUnit> ConsumeQueues::read_one(const TopicQueue& queue, std::int64_t offset) {
  const auto position = offset * kUnit;
  RMQ_TRY(auto file, open(queue, file_start(position), false));
  char bytes[kUnit];
  RMQ_TRY(auto got, pread_all(file->fd.get(), bytes, kUnit, static_cast<std::uint64_t>(position % file_bytes_)));
  if (got != kUnit) return fail(ErrorKind::kCorrupt, "short consume queue file");
  return decode(bytes);
}

Status ConsumeQueues::append(TopicQueue& queue, std::int64_t queue_offset, const QueueUnit& unit) {
  if (queue.pending_.empty()) {
    queue.pending_at_ = queue.max_.load(std::memory_order_relaxed);
    if (queue.first_file_.load(std::memory_order_relaxed) < 0 && queue_offset > 0) {
      // A new file starts with blanks up to the first message.
      queue.pending_at_ = file_start(queue_offset * kUnit) / kUnit;
      append_blanks(queue.pending_, queue_offset - queue.pending_at_);
      queue.min_.store(queue_offset, std::memory_order_release);
    }
  }
  const auto expected = queue.pending_at_ + static_cast<std::int64_t>(queue.pending_.size()) / kUnit;
  if (queue_offset < expected) return {};
  if (queue_offset > expected) {
    if (queue_offset - expected > kMaxGap) {
      return fail(ErrorKind::kCorrupt, "queue offset " + std::to_string(queue_offset) + " of " + queue.topic() + "/" +
                                           std::to_string(queue.id()) + " follows " + std::to_string(expected));
    }
    log::warn("a consume queue has a gap",
              {{"topic", queue.topic()}, {"queue", queue.id()}, {"expected", expected}, {"offset", queue_offset}});
    append_blanks(queue.pending_, queue_offset - expected);
  }
  append_unit(queue.pending_, unit);
  if (!queue.touched_) {
    queue.touched_ = true;
    touched_.push_back(&queue);
  }
  return {};
}

Status ConsumeQueues::write_pending() {
  while (!touched_.empty()) {
    auto& queue = *touched_.back();
    RMQ_CHECK_OK(write_queue(queue));
    queue.touched_ = false;
    touched_.pop_back();
  }
  return {};
}

Status ConsumeQueues::write_queue(TopicQueue& queue) {
  if (queue.pending_.empty()) return {};  // removed meanwhile
  std::string_view left = queue.pending_;
  auto position = queue.pending_at_ * kUnit;
  while (!left.empty()) {
    const auto start = file_start(position);
    const auto part = left.substr(0, static_cast<std::size_t>(start + file_bytes_ - position));
    RMQ_TRY(auto file, open(queue, start, true));
    RMQ_CHECK_OK(ops_.write_bytes(file->fd.get(), part, static_cast<std::uint64_t>(position - start)));
    {
      std::lock_guard lock(dirty_mutex_);
      dirty_.insert({&queue, start});
    }
    if (queue.first_file_.load(std::memory_order_relaxed) < 0)
      queue.first_file_.store(start, std::memory_order_release);
    left.remove_prefix(part.size());
    position += static_cast<std::int64_t>(part.size());
  }
  if (const auto last = decode(queue.pending_.data() + queue.pending_.size() - kUnit); !last.blank()) {
    queue.last_physical_ = last.physical_offset;
  }
  queue.pending_.clear();
  if (queue.pending_.capacity() > kMaxIdlePending) queue.pending_.shrink_to_fit();
  queue.raise_next(position / kUnit);
  queue.max_.store(position / kUnit, std::memory_order_release);
  return {};
}

Status ConsumeQueues::read(const TopicQueue& queue, std::int64_t offset, std::size_t count,
                           std::vector<QueueUnit>& units) {
  units.clear();
  const auto available = queue.max_offset() - offset;
  if (offset < 0 || available <= 0) return {};
  auto left = std::min<std::int64_t>(static_cast<std::int64_t>(count), available);
  auto position = offset * kUnit;
  units.reserve(static_cast<std::size_t>(left));
  char block[256 * kUnit];
  while (left > 0) {
    const auto start = file_start(position);
    auto file = open(queue, start, false);
    if (!file) return units.empty() ? Status(fail(std::move(file).error())) : Status{};
    const auto size = std::min<std::int64_t>({left * kUnit, start + file_bytes_ - position, sizeof block});
    RMQ_TRY(auto got, pread_all((*file)->fd.get(), block, static_cast<std::size_t>(size),
                                static_cast<std::uint64_t>(position - start)));
    if (static_cast<std::int64_t>(got) != size) return fail(ErrorKind::kCorrupt, "short consume queue file");
    for (std::int64_t at = 0; at < size; at += kUnit) units.push_back(decode(block + at));
    left -= size / kUnit;
    position += size;
  }
  return {};
}

}  // namespace rmq::store
