#include "broker/store/commit_log.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "common/base/bytes.h"
#include "common/base/log.h"

namespace rmq::store {
namespace {

constexpr std::uint64_t kLeastRoom = 8 << 20;  // of free space, before writing goes on

}  // namespace

std::string_view to_string(WriteState state) {
  switch (state) {
    case WriteState::kOpen: return "open";
    case WriteState::kNoSpace: return "no space left on the device";
    case WriteState::kDiskFull: return "disk use above its limit";
    case WriteState::kBroken: return "the disk failed";
    case WriteState::kReplica: return "not the master";
    case WriteState::kClosed: return "closed";
  }
  return "unknown";
}

CommitLog::CommitLog(const StoreOptions& options, std::string directory, FileOps& ops, const Clock& clock,
                     StoreStats& stats)
    : options_(options),
      directory_(std::move(directory)),
      file_bytes_(options.commit_log_file_bytes),
      ops_(ops),
      clock_(clock),
      stats_(stats),
      gate_(clock) {
  gate_.set_offered(kWaitFlush, options.flush_mode == FlushMode::kSync);
}

CommitLog::~CommitLog() {
  for (auto* batch = list_.exchange(nullptr); batch != nullptr;) {
    std::unique_ptr<AppendBatch> owned(batch);
    batch = batch->next_;
    owned->status = AppendStatus::kClosed;
    if (auto* listener = owned->listener; listener != nullptr) listener->on_appended(std::move(owned));
  }
}

Status CommitLog::load() {
  RMQ_CHECK_OK(make_directories(directory_));
  auto names = list_files(directory_);
  std::erase_if(names, [](const std::string& name) { return parse_offset_file_name(name) < 0; });
  std::sort(names.begin(), names.end());
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto path = directory_ + "/" + names[i];
    const auto start = static_cast<std::uint64_t>(parse_offset_file_name(names[i]));
    if (struct stat info; i + 1 == names.size() && ::stat(path.c_str(), &info) == 0 && info.st_size == 0) {
      log::warn("deleting an empty last file of the commit log", {{"file", path}});
      ::unlink(path.c_str());
      break;
    }
    RMQ_TRY(auto segment, Segment::open(path, start, file_bytes_));
    if (!segments_.empty() && segments_.back()->end() != start) {
      return fail(ErrorKind::kCorrupt, "the commit log has a gap before " + path);
    }
    segments_.push_back(std::move(segment));
  }
  return {};
}

Status CommitLog::set_end(std::uint64_t end, bool wipe) {
  if (segments_.empty()) end = (end + file_bytes_ - 1) / file_bytes_ * file_bytes_;
  while (!segments_.empty() && segments_.back()->start() >= end && segments_.size() > 1) {
    auto last = std::move(segments_.back());
    segments_.pop_back();
    const auto head = last->view(last->start(), last->start() + std::min<std::uint64_t>(4096, last->size()));
    const bool unused = std::all_of(head.begin(), head.end(), [](char c) { return c == 0; });
    if (!wipe && unused && last->start() == segments_.back()->end()) {
      next_ = std::const_pointer_cast<Segment>(last);  // preallocated before the stop
      continue;
    }
    if (!unused) log::warn("deleting a file behind the end of the commit log", {{"file", last->path()}, {"end", end}});
    if (::unlink(last->path().c_str()) != 0) return fail_errno("delete " + last->path(), errno);
  }
  if (!segments_.empty()) {
    current_ = std::const_pointer_cast<Segment>(segments_.back());
    const auto rest = current_->end() - end;
    if (!wipe && rest > 0) {
      const auto head = current_->view(end, end + std::min<std::uint64_t>(rest, 64 * 1024));
      wipe = !std::all_of(head.begin(), head.end(), [](char c) { return c == 0; });
    }
    if (wipe) RMQ_CHECK_OK(wipe_behind(end));
  }
  set_ends(end, end);
  return sync_directory(directory_);
}

bool CommitLog::has_room() {
  auto space = ops_.disk_space(directory_);
  return space && space->available >= kLeastRoom;
}

Result<std::shared_ptr<Segment>> CommitLog::create_segment(std::uint64_t start) {
  const auto path = directory_ + "/" + offset_file_name(start);
  {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644));
    if (!fd) {
      if (errno == ENOSPC || errno == EDQUOT) return fail(ErrorKind::kFull, "create " + path + ": no space");
      return fail_errno("create " + path, errno);
    }
    auto status = ops_.allocate(fd.get(), 0, file_bytes_);
    if (!status && status.error().kind == ErrorKind::kFull && has_room()) {
      // A volume smaller than a file: better used to its end than not at all. Writes find out when it is full.
      log::warn("no room to preallocate a file of the commit log", {{"file", path}, {"bytes", file_bytes_}});
      (void)ops_.punch(fd.get(), 0, file_bytes_);
      status = {};
      if (::ftruncate(fd.get(), static_cast<off_t>(file_bytes_)) != 0) status = fail_errno("extend", errno);
    }
    if (!status) {
      ::unlink(path.c_str());
      return fail(std::move(status).error().with(path));
    }
  }
  RMQ_CHECK_OK(sync_directory(directory_));
  return Segment::open(path, start, file_bytes_);
}

Result<std::shared_ptr<Segment>> CommitLog::take_next(std::uint64_t start) {
  std::lock_guard lock(next_mutex_);
  auto next = std::move(next_);
  next_ = nullptr;
  if (!next || next->start() != start) {
    RMQ_TRY(next, create_segment(start));
  }
  std::lock_guard segments_lock(segments_mutex_);
  segments_.push_back(next);
  return next;
}

// Where the next file starts, once the current one is half full.
std::optional<std::uint64_t> CommitLog::wanted_next() const {
  std::lock_guard lock(segments_mutex_);
  if (segments_.empty()) {
    // Where a replica's log starts is the master's to say.
    if (write_state() == WriteState::kReplica) return std::nullopt;
    return max_offset();
  }
  const auto& last = *segments_.back();
  if (max_offset() < last.start() + last.size() / 2) return std::nullopt;
  return last.end();
}

Status CommitLog::prepare_next() {
  if (!wanted_next()) return {};
  std::lock_guard lock(next_mutex_);
  // Again: the writer may have come here in the meantime, or the log was cut.
  const auto start = wanted_next();
  if (!start || (next_ && next_->start() == *start)) return {};
  RMQ_TRY(next_, create_segment(*start));
  return {};
}

bool CommitLog::try_resume() {
  if (write_state() != WriteState::kNoSpace) return false;
  std::uint64_t start = max_offset();
  {
    std::lock_guard lock(segments_mutex_);
    if (!segments_.empty()) start = segments_.back()->end();
  }
  {
    std::lock_guard lock(next_mutex_);
    if (!next_ || next_->start() != start) {
      auto created = create_segment(start);
      if (!created) return false;
      next_ = std::move(*created);
    }
  }
  if (!has_room()) return false;
  if (!change_write_state(WriteState::kNoSpace, WriteState::kOpen)) return false;
  log::info("there is space again: the commit log is writable", {{"offset", max_offset()}});
  return true;
}

Result<bool> CommitLog::delete_oldest() {
  SegmentPtr oldest;
  {
    std::lock_guard lock(segments_mutex_);
    if (segments_.size() < 2) return false;
    oldest = segments_.front();
    segments_.erase(segments_.begin());
  }
  if (::unlink(oldest->path().c_str()) != 0 && errno != ENOENT) return fail_errno("delete " + oldest->path(), errno);
  log::info("deleted a file of the commit log", {{"file", oldest->path()}});
  return true;
}

void CommitLog::close() {
  set_write_state(WriteState::kClosed);
}

Status CommitLog::flush() {
  std::lock_guard lock(flush_mutex_);
  const auto from = flushed_offset();
  const auto to = max_offset();
  if (from >= to) return {};
  if (write_state() == WriteState::kBroken) return fail(ErrorKind::kIo, "the commit log is broken");
  for (const auto& segment : segments()) {
    if (segment->end() <= from || segment->start() >= to) continue;
    if (auto status = ops_.sync_data(segment->fd()); !status) {
      set_write_state(WriteState::kBroken);
      log::error("commit log can't be flushed: no more writing", {{"error", status.error()}, {"from", from}});
      gate_.fail_all(AppendStatus::kIoError);
      return status;
    }
  }
  flushed_.store(to, std::memory_order_release);
  stats_.flushes.fetch_add(1, std::memory_order_relaxed);
  stats_.flush_behind_bytes.store(static_cast<std::int64_t>(max_offset() - to), std::memory_order_relaxed);
  gate_.advance_flushed(static_cast<std::int64_t>(to));
  return {};
}

std::uint64_t CommitLog::min_offset() const {
  std::lock_guard lock(segments_mutex_);
  return segments_.empty() ? max_offset() : segments_.front()->start();
}

Segments CommitLog::segments() const {
  std::lock_guard lock(segments_mutex_);
  return segments_;
}

SegmentPtr CommitLog::segment_at(std::uint64_t offset) const {
  std::lock_guard lock(segments_mutex_);
  if (segments_.empty() || offset < segments_.front()->start()) return nullptr;
  const auto index = (offset - segments_.front()->start()) / file_bytes_;
  return index < segments_.size() ? segments_[index] : nullptr;
}

LogView CommitLog::read(std::uint64_t offset, std::size_t size) const {
  if (offset + size > max_offset() || offset + size < offset) return {};
  auto segment = segment_at(offset);
  if (!segment || offset + size > segment->end()) return {};
  const auto bytes = segment->view(offset, offset + size);
  return {bytes, std::move(segment)};
}

LogView CommitLog::read_to_limit(std::uint64_t offset, std::uint64_t limit) const {
  auto segment = segment_at(offset);
  if (!segment) return {};
  const auto to = std::min({limit, max_offset(), segment->end()});
  if (offset >= to) return {};
  const auto bytes = segment->view(offset, to);
  return {bytes, std::move(segment)};
}

LogSlice CommitLog::slice(std::uint64_t offset, std::uint64_t limit) const {
  auto segment = segment_at(offset);
  if (!segment) return {};
  const auto to = std::min({limit, max_offset(), segment->end()});
  if (offset >= to) return {};
  return {segment->fd(), offset - segment->start(), to - offset, std::move(segment)};
}

LogView CommitLog::read_record(std::uint64_t offset) const {
  auto view = read_to_limit(offset, UINT64_MAX);
  if (!view) return {};
  protocol::MessageRecord record;
  if (protocol::parse_record(view.bytes, record) != protocol::RecordState::kRecord ||
      static_cast<std::uint64_t>(record.physical_offset) != offset) {
    return {};
  }
  view.bytes = view.bytes.substr(0, static_cast<std::size_t>(record.size));
  return view;
}

std::int64_t CommitLog::store_timestamp_at(std::uint64_t offset) const {
  auto view = read(offset, protocol::kMinRecordBytes);
  if (!view) return -1;
  const auto magic = load_be<std::int32_t>(view.bytes.data() + 4);
  if (magic != protocol::kRecordMagicV1 && magic != protocol::kRecordMagicV2) return -1;
  const auto sys_flag = load_be<std::int32_t>(view.bytes.data() + protocol::kRecordSysFlagAt);
  return load_be<std::int64_t>(view.bytes.data() + protocol::record_store_timestamp_at(sys_flag));
}

}  // namespace rmq::store
