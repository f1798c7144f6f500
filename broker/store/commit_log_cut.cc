// Taking the end of the log away.
#include <algorithm>

#include "broker/store/commit_log.h"
#include "common/base/log.h"

namespace rmq::store {

void CommitLog::set_ends(std::uint64_t end, std::uint64_t flushed) {
  end_ = written_ = end;
  flushed_.store(flushed, std::memory_order_release);
  max_.store(end, std::memory_order_release);
  gate_.reset_flushed(static_cast<std::int64_t>(flushed));
}

// From the newest on, so that a crash leaves no gap.
Status CommitLog::remove_segments(std::uint64_t from) {
  while (true) {
    SegmentPtr last;
    {
      std::lock_guard lock(segments_mutex_);
      if (segments_.empty() || segments_.back()->start() < from) break;
      last = segments_.back();
    }
    RMQ_CHECK_OK(ops_.remove(last->path()));
    log::info("deleted a file of the commit log", {{"file", last->path()}});
    std::lock_guard lock(segments_mutex_);
    segments_.pop_back();
  }
  return {};
}

// The file made ahead: it stands behind the old end.
Status CommitLog::remove_next() {
  if (next_) RMQ_CHECK_OK(ops_.remove(next_->path()));
  next_ = nullptr;
  return {};
}

// What stands behind `end` in the current file becomes zero.
Status CommitLog::wipe_behind(std::uint64_t end) {
  if (end >= current_->end()) return {};
  RMQ_CHECK_OK(ops_.zero(current_->fd(), end - current_->start(), current_->end() - end));
  return ops_.sync_data(current_->fd());
}

Status CommitLog::cut(std::uint64_t end) {
  enter_writer();
  auto status = cut_turn(end);
  leave_writer();
  return status;
}

Status CommitLog::cut_turn(std::uint64_t end) {
  std::scoped_lock lock(flush_mutex_, next_mutex_);
  // Readers first; what they hold stays mapped. Nothing below `end` becomes less flushed than it was.
  set_ends(end, std::min(flushed_offset(), end));
  RMQ_CHECK_OK(remove_next());
  const auto first = segments().front();
  RMQ_CHECK_OK(remove_segments(std::max(end, first->end())));
  current_ = std::const_pointer_cast<Segment>(segments().back());
  RMQ_CHECK_OK(ops_.sync_names(directory_));
  return wipe_behind(std::max(end, current_->start()));
}

Status CommitLog::clear(std::uint64_t start) {
  enter_writer();
  auto status = clear_turn(start);
  leave_writer();
  return status;
}

Status CommitLog::clear_turn(std::uint64_t start) {
  std::scoped_lock lock(flush_mutex_, next_mutex_);
  RMQ_CHECK_OK(remove_next());
  RMQ_CHECK_OK(remove_segments(0));
  current_ = nullptr;
  begins_inside_ = start % file_bytes_ != 0;
  set_ends(start, start);
  return ops_.sync_names(directory_);
}

bool CommitLog::empty() const {
  std::lock_guard lock(segments_mutex_);
  return begins_inside_ || segments_.empty() || segments_.front()->start() == max_offset();
}

Status CommitLog::round_up_empty() {
  enter_writer();
  auto status = begins_inside_ ? clear_turn(next_file_start(end_)) : Status{};
  leave_writer();
  return status;
}

}  // namespace rmq::store
