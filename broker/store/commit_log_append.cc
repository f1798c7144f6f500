// The writer's side of the commit log.
#include <algorithm>

#include "broker/store/commit_log.h"
#include "common/base/bytes.h"
#include "common/base/log.h"

namespace rmq::store {
namespace {

constexpr std::size_t kMaxParts = 512;
constexpr int kMaxRounds = 32;

AppendStatus status_of(WriteState state) {
  switch (state) {
    case WriteState::kOpen: return AppendStatus::kOk;
    case WriteState::kNoSpace:
    case WriteState::kDiskFull: return AppendStatus::kDiskFull;
    case WriteState::kBroken: return AppendStatus::kIoError;
    case WriteState::kReplica: return AppendStatus::kNotMaster;
    case WriteState::kClosed: break;
  }
  return AppendStatus::kClosed;
}

}  // namespace

AppendStatus CommitLog::append(std::unique_ptr<AppendBatch>& batch) {
  auto status = status_of(write_state());
  if ((batch->wait_for & kWaitReplicas) != 0 && status == AppendStatus::kOk &&
      few_replicas_.load(std::memory_order_relaxed)) {
    status = AppendStatus::kFewReplicas;
  }
  if (status == AppendStatus::kOk &&
      (batch->empty() || batch->largest_ + protocol::kBlankBytes > file_bytes_ ||
       batch->largest_ > static_cast<std::uint64_t>(options_.max_message_bytes) + 64 * 1024)) {
    status = AppendStatus::kTooLarge;
  }
  const std::uint64_t size = batch->bytes_.size();
  if (status == AppendStatus::kOk) {
    const auto before = waiting_bytes_.fetch_add(size, std::memory_order_relaxed);
    if (before != 0 && before + size > options_.max_waiting_append_bytes) {
      waiting_bytes_.fetch_sub(size, std::memory_order_relaxed);
      status = AppendStatus::kBusy;
    }
  }
  if (status != AppendStatus::kOk) {
    stats_.appends_refused.fetch_add(1, std::memory_order_relaxed);
    return status;
  }
  batch->begin_ms_ = clock_.monotonic_ms();
  auto* pushed = batch.release();
  pushed->next_ = list_.load(std::memory_order_relaxed);
  while (!list_.compare_exchange_weak(pushed->next_, pushed)) {
  }
  if (become_writer()) write_loop();
  return AppendStatus::kOk;
}

bool CommitLog::become_writer() {
  return !writing_.exchange(true);
}

void CommitLog::write_loop() {
  int rounds = 0;
  do {
    writing_since_.store(clock_.monotonic_ms(), std::memory_order_relaxed);
    while (auto* newest = list_.exchange(nullptr)) {
      AppendBatch* oldest = nullptr;
      while (newest != nullptr) {
        auto* next = newest->next_;
        newest->next_ = oldest;
        oldest = newest;
        newest = next;
      }
      write_list(oldest);
      // The writer has connections of its own to serve: the one who is woken by on_written goes on with assist().
      if (++rounds >= kMaxRounds && on_written) {
        writing_since_.store(0, std::memory_order_relaxed);
        writing_.store(false);
        if (list_.load() != nullptr) on_written();
        return;
      }
    }
    writing_since_.store(0, std::memory_order_relaxed);
    writing_.store(false);
    // A batch pushed between the last look at the list and the line above has found us writing: it's ours to see.
  } while (list_.load() != nullptr && become_writer());
}

void CommitLog::assist() {
  if (list_.load(std::memory_order_relaxed) != nullptr && become_writer()) write_loop();
}

std::int64_t CommitLog::writing_for_ms() const {
  const auto since = writing_since_.load(std::memory_order_relaxed);
  return since == 0 ? 0 : std::max<std::int64_t>(0, clock_.monotonic_ms() - since);
}

void CommitLog::write_list(AppendBatch* list) {
  last_timestamp_ = std::max(last_timestamp_, clock_.wall_ms());
  while (list != nullptr) {
    std::unique_ptr<AppendBatch> batch(list);
    list = list->next_;
    waiting_bytes_.fetch_sub(batch->bytes_.size(), std::memory_order_relaxed);
    auto status = status_of(write_state());
    if (status == AppendStatus::kOk) {
      placed_.push_back(std::move(batch));
      status = place(*placed_.back());
      if (status == AppendStatus::kOk &&
          (parts_bytes_ >= options_.max_write_bytes || parts_.size() >= kMaxParts || list == nullptr)) {
        status = write_out();
      }
      if (status == AppendStatus::kOk) continue;
      batch = nullptr;
      // Some of these may be written in full: they stay kOk.
      for (auto& failed : placed_) {
        if (failed->records_.back().physical_offset < 0) failed->status = status;
        complete(std::move(failed));
      }
      placed_.clear();
    } else {
      batch->status = status;
      complete(std::move(batch));
    }
  }
  // Only the refused remained at the end of the list: what was placed before them still waits to be written.
  if (!placed_.empty()) {
    if (const auto status = write_out(); status != AppendStatus::kOk) {
      for (auto& failed : placed_) {
        if (failed->records_.back().physical_offset < 0) failed->status = status;
        complete(std::move(failed));
      }
      placed_.clear();
    }
  }
}

// Gives the batch's records their places and lines up their bytes for writing; rolls to the next file on the way.
AppendStatus CommitLog::place(AppendBatch& batch) {
  char* bytes = batch.bytes_.data();
  auto& records = batch.records_;
  batch.store_timestamp = last_timestamp_;
  std::size_t first = 0;
  std::size_t from = 0;  // position in the batch's bytes
  const auto line_up = [&](std::size_t last, std::size_t to) {
    if (last > first) {
      pieces_.push_back({&batch, first, last});
      parts_.push_back({bytes + from, to - from});
      parts_bytes_ += to - from;
    }
    first = last;
    from = to;
  };
  for (std::size_t i = 0; i < records.size(); ++i) {
    auto& record = records[i];
    if (!current_ || end_ + record.size + protocol::kBlankBytes > current_->end()) {
      line_up(i, record.position);
      if (auto status = roll(); status != AppendStatus::kOk) return status;
    }
    record.queue_offset = record.enters_queue ? record.queue->next_.load(std::memory_order_relaxed) : 0;
    if (record.enters_queue) record.queue->next_.store(record.queue_offset + 1, std::memory_order_relaxed);
    record.physical_offset = static_cast<std::int64_t>(end_);
    char* at = bytes + record.position;
    protocol::patch_record(at, record.queue_offset, record.physical_offset, last_timestamp_);
    if (batch.seal_crc_) protocol::seal_crc_property(at, record.size);
    end_ += record.size;
  }
  line_up(records.size(), batch.bytes_.size());
  batch.end_offset = static_cast<std::int64_t>(end_);
  return AppendStatus::kOk;
}

// Fills the rest of the current file and goes on in the next.
AppendStatus CommitLog::roll() {
  if (current_ && end_ < current_->end()) {
    const auto rest = current_->end() - end_;
    store_be(blank_, static_cast<std::int32_t>(rest));
    store_be(blank_ + 4, protocol::kBlankMagic);
    parts_.push_back({blank_, sizeof blank_});
    end_ += rest;
    if (auto status = write_out(); status != AppendStatus::kOk) return status;
  }
  auto next = take_next(end_);
  if (!next) {
    stop_writing(next.error());
    roll_back();
    return status_of(write_state());
  }
  current_ = std::move(*next);
  return AppendStatus::kOk;
}

AppendStatus CommitLog::write_out() {
  if (!parts_.empty()) {
    auto written = ops_.write(current_->fd(), parts_, written_ - current_->start());
    if (!written) {
      stop_writing(written.error());
      // What a failed write left there must not be taken for a record later. It may fail as well: then recovery's
      // checks remain.
      (void)ops_.zero(current_->fd(), written_ - current_->start(), std::min(end_, current_->end()) - written_);
      roll_back();
      return status_of(write_state());
    }
    stats_.writes.fetch_add(1, std::memory_order_relaxed);
    stats_.bytes_appended.fetch_add(static_cast<std::int64_t>(end_ - written_), std::memory_order_relaxed);
    written_ = end_;
    parts_.clear();
    parts_bytes_ = 0;
    pieces_.clear();
    max_.store(end_, std::memory_order_release);
    tell_written();
  }
  // A batch that goes on in the next file isn't complete yet.
  std::size_t done = 0;
  for (; done < placed_.size(); ++done) {
    auto& batch = placed_[done];
    if (batch->end_offset == 0 || batch->records_.back().physical_offset < 0) break;
    complete(std::move(batch));
  }
  placed_.erase(placed_.begin(), placed_.begin() + static_cast<std::ptrdiff_t>(done));
  return AppendStatus::kOk;
}

// Takes back what was given out since the last successful write, newest first.
void CommitLog::roll_back() {
  // Records of the batch being placed that were not lined up yet have no piece: they carry no place either, since a
  // roll, which alone can fail there, lines up everything before it.
  for (auto piece = pieces_.rbegin(); piece != pieces_.rend(); ++piece) {
    for (std::size_t i = piece->last; i-- > piece->first;) {
      auto& record = piece->batch->records_[i];
      if (record.enters_queue) record.queue->next_.store(record.queue_offset, std::memory_order_relaxed);
      record.physical_offset = -1;
    }
  }
  pieces_.clear();
  parts_.clear();
  parts_bytes_ = 0;
  end_ = written_;
}

void CommitLog::tell_written() {
  if (on_written) on_written();
  if (end_listeners_used_.load(std::memory_order_acquire)) tell_listeners();
}

void CommitLog::stop_writing(const Error& error) {
  stats_.writes_failed.fetch_add(1, std::memory_order_relaxed);
  const auto state = error.kind == ErrorKind::kFull ? WriteState::kNoSpace : WriteState::kBroken;
  log::error("commit log can't be written", {{"error", error}, {"state", to_string(state)}, {"offset", end_}});
  change_write_state(WriteState::kOpen, state);
}

void CommitLog::complete(std::unique_ptr<AppendBatch> batch) {
  const auto now = clock_.monotonic_ms();
  if (batch->status == AppendStatus::kOk) {
    const auto count = static_cast<std::int64_t>(batch->records_.size());
    stats_.messages_appended.fetch_add(count, std::memory_order_relaxed);
    stats_.batches_appended.fetch_add(1, std::memory_order_relaxed);
    stats_.record_put_time(now - batch->begin_ms_, count);
    batch->wait_for &= gate_.offered();
    if (batch->wait_for != kWaitNothing) {
      const bool copies = (batch->wait_for & kWaitReplicas) != 0;
      gate_.add(std::move(batch), now + (copies ? options_.slave_timeout_ms : options_.sync_flush_timeout_ms));
      return;
    }
    if (!gate_.lease_lasts(now)) batch->status = AppendStatus::kReplicaTimeout;
  }
  if (auto* listener = batch->listener; listener != nullptr) listener->on_appended(std::move(batch));
}

}  // namespace rmq::store
