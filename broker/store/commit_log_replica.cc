// The replica's side of the commit log: what a master sent, and changes of role.
#include <algorithm>
#include <thread>

#include "broker/store/commit_log.h"
#include "common/base/bytes.h"
#include "common/base/log.h"
#include "common/protocol/message_flags.h"

namespace rmq::store {
namespace {

constexpr std::uint64_t kFillerBytes = 1 << 20;
constexpr std::string_view kFillerTopic = "_";  // as short as a record of the log can be

}  // namespace

// Waits until nobody else writes; whoever comes meanwhile leaves its batch in the list. Only in states that refuse
// producers: against a crowd of them we could wait for ever.
void CommitLog::enter_writer() {
  while (!become_writer()) std::this_thread::yield();
}

// Lets others write, and sees to what they left.
void CommitLog::leave_writer() {
  write_loop();
}

void CommitLog::close_for_producers() {
  for (auto state = write_state();
       state == WriteState::kOpen || state == WriteState::kNoSpace || state == WriteState::kDiskFull;) {
    if (state_.compare_exchange_strong(state, WriteState::kReplica)) break;
  }
  enter_writer();
  leave_writer();
}

Status CommitLog::write_replica(std::string_view records) {
  enter_writer();
  auto status = replica_turn(records);
  leave_writer();
  return status;
}

Status CommitLog::write_replica_blank() {
  return write_replica({});
}

// `records` empty: the blank.
Status CommitLog::replica_turn(std::string_view records) {
  if (const auto state = write_state(); state != WriteState::kReplica) {
    return fail(state == WriteState::kBroken ? ErrorKind::kIo : ErrorKind::kConflict,
                "not writable as a replica: " + std::string(to_string(state)));
  }
  auto status = replica_file(records);
  auto size = records.size();
  if (status) {
    iovec part{const_cast<char*>(records.data()), records.size()};
    if (records.empty()) {
      size = current_->end() - end_;
      store_be(blank_, static_cast<std::int32_t>(size));
      store_be(blank_ + 4, protocol::kBlankMagic);
      part = {blank_, sizeof blank_};
    }
    const auto length = part.iov_len;
    status = ops_.write(current_->fd(), std::span(&part, 1), end_ - current_->start());
    // As after a failed append: what it left there must not be taken for a record.
    if (!status) (void)ops_.zero(current_->fd(), end_ - current_->start(), length);
  }
  if (!status) {
    stats_.writes_failed.fetch_add(1, std::memory_order_relaxed);
    log::error("what the master sent can't be written", {{"error", status.error()}, {"offset", end_}});
    if (status.error().kind != ErrorKind::kFull) change_write_state(WriteState::kReplica, WriteState::kBroken);
    return status;
  }
  stats_.writes.fetch_add(1, std::memory_order_relaxed);
  end_ += size;
  written_ = end_;
  max_.store(end_, std::memory_order_release);
  tell_written();
  return {};
}

// Makes sure that current_ is the file at end_.
Status CommitLog::replica_file(std::string_view records) {
  if (!current_ || end_ == current_->end()) {
    RMQ_TRY(current_, take_next(end_ / file_bytes_ * file_bytes_));
  }
  if (!begins_inside_) return {};
  protocol::MessageRecord first;
  const bool known = protocol::parse_record(records, first) == protocol::RecordState::kRecord;
  RMQ_CHECK_OK(write_fillers(known ? first.store_timestamp : clock_.wall_ms()));
  begins_inside_ = false;
  return {};
}

// Records that nobody sees, from the start of the file to end_. Their bodies are the zeros that are there already. The
// first of them comes last: as long as it isn't there, recovery finds an empty log.
Status CommitLog::write_fillers(std::int64_t store_timestamp) {
  const std::string host(8, '\0');
  protocol::MessageRecord record;
  record.topic = kFillerTopic;
  record.sys_flag = protocol::MessageFlag::kTransactionRollback;
  record.born_host = record.store_host = host;
  record.born_timestamp = store_timestamp;
  const auto least = protocol::record_size(0, kFillerTopic.size(), 0, false, false);
  const auto head = least - 1 - kFillerTopic.size() - 2;  // up to the body
  std::string zeros, bytes;
  for (auto to = end_; to > current_->start();) {
    const auto left = to - current_->start();
    if (left < least) return fail(ErrorKind::kInvalid, "no record starts at offset " + std::to_string(end_));
    // What remains must hold a record, too.
    const auto size = left >= kFillerBytes + least ? kFillerBytes : left;
    const auto at = to - size;
    zeros.resize(size - least);
    record.body = zeros;
    bytes.clear();
    RMQ_CHECK_OK(protocol::append_record(bytes, record));
    protocol::patch_record(bytes.data(), 0, static_cast<std::int64_t>(at), store_timestamp);
    const auto place = at - current_->start();
    if (place == 0) RMQ_CHECK_OK(ops_.sync_data(current_->fd()));
    const auto tail = std::string_view(bytes).substr(head + zeros.size());
    RMQ_CHECK_OK(ops_.write_bytes(current_->fd(), tail, place + head + zeros.size()));
    RMQ_CHECK_OK(ops_.write_bytes(current_->fd(), std::string_view(bytes).substr(0, head), place));
    to = at;
  }
  return {};
}

}  // namespace rmq::store
