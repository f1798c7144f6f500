// The store as a replica: roles, what a master sent, and cutting what it doesn't have.
#include <algorithm>

#include "broker/store/message_store.h"
#include "common/base/log.h"

namespace rmq::store {
namespace {

constexpr std::uint64_t kMaxOffset = 1ULL << 62;

}  // namespace

Status MessageStore::become_replica() {
  std::lock_guard lock(replica_mutex_);
  // Before the state, so that nothing that is finished from now on is acknowledged.
  log_.gate().end_term();
  if (closed_ || write_state() == WriteState::kClosed) return fail(ErrorKind::kUnavailable, "the store is closed");
  log_.close_for_producers();
  replica_.store(true, std::memory_order_release);
  replica_writer_.forget_partial();
  log_.gate().fail_all(AppendStatus::kReplicaTimeout);
  log::info("the store is a replica", {{"max", log_.max_offset()}, {"confirm", confirm_offset()}});
  return {};
}

Status MessageStore::become_master(const MasterTerm& term) {
  std::lock_guard lock(replica_mutex_);
  if (!is_replica()) return fail(ErrorKind::kConflict, "the store is master already");
  if (unfinished_ != Unfinished::kNothing) return fail(ErrorKind::kIo, "a cut of the log has not come to its end");
  if (closed_) return fail(ErrorKind::kUnavailable, "the store is closed");
  if (log_.empty()) {
    RMQ_CHECK_OK(log_.round_up_empty());
    const auto paused = dispatcher_.pause();
    dispatcher_.restart(log_.max_offset());
  }
  replica_writer_.forget_partial();
  set_ack_rule(term.wait_for_replicas);
  set_enough_replicas(term.enough_replicas);
  log_.gate().begin_term(term.epoch, term.lease_until_ms);
  replica_.store(false, std::memory_order_release);
  if (!log_.change_write_state(WriteState::kReplica, WriteState::kOpen)) {
    log_.gate().end_term();
    replica_.store(true, std::memory_order_release);
    const auto state = write_state();
    return fail(state == WriteState::kBroken ? ErrorKind::kIo : ErrorKind::kUnavailable,
                "can't become master: " + std::string(to_string(state)));
  }
  upkeep_signal_.notify();  // there may be no file for the next message yet
  log::info("the store is master", {{"epoch", term.epoch}, {"max", log_.max_offset()}});
  return {};
}

Status MessageStore::append_replica(std::uint64_t offset, std::string_view bytes) {
  std::lock_guard lock(replica_mutex_);
  if (!is_replica()) return fail(ErrorKind::kConflict, "not a replica");
  if (unfinished_ != Unfinished::kNothing) return fail(ErrorKind::kIo, "a cut of the log has not come to its end");
  if (closed_) return fail(ErrorKind::kUnavailable, "the store is closed");
  // Queues of a log that is gone don't fit what comes now.
  if (log_.empty() && (offset != replica_end() || (offset == log_.max_offset() && has_units()))) {
    RMQ_CHECK_OK(change_log(offset, true));
  }
  return replica_writer_.append(offset, bytes);
}

Status MessageStore::truncate_to(std::uint64_t offset) {
  std::lock_guard lock(replica_mutex_);
  if (!is_replica() || closed_) return fail(ErrorKind::kConflict, "not a replica");
  if (unfinished_ == Unfinished::kReset) return fail(ErrorKind::kConflict, "a reset has not come to its end");
  replica_writer_.forget_partial();
  if (offset >= log_.max_offset() && unfinished_ == Unfinished::kNothing) return {};
  if (offset < log_.min_offset()) return fail(ErrorKind::kNotFound, "can't cut before the log's beginning");
  if (!record_starts_at(offset)) {
    return fail(ErrorKind::kInvalid, "no record starts at offset " + std::to_string(offset));
  }
  return change_log(std::min(offset, log_.max_offset()), false);
}

Status MessageStore::reset_to(std::uint64_t start) {
  std::lock_guard lock(replica_mutex_);
  if (!is_replica() || closed_) return fail(ErrorKind::kConflict, "not a replica");
  return change_log(start, true);
}

// With everybody else standing still, except readers.
Status MessageStore::change_log(std::uint64_t offset, bool reset) {
  if (offset > kMaxOffset) return fail(ErrorKind::kInvalid, "no log is that long: " + std::to_string(offset));
  if (write_state() == WriteState::kBroken) return fail(ErrorKind::kIo, "the disk failed");
  std::scoped_lock lock(upkeep_mutex_, checkpoint_mutex_);
  const auto paused = dispatcher_.pause();
  const auto before = log_.max_offset();
  unfinished_ = reset ? Unfinished::kReset : Unfinished::kCut;
  queues_.drop_pending();
  auto status = reset ? start_anew(offset) : cut_at(offset);
  replica_writer_.forget_partial();
  if (status) unfinished_ = Unfinished::kNothing;
  log::info(reset ? "the log begins anew" : "the log was cut",
            {{"offset", offset}, {"end_before", before}, {"error", status ? "" : status.error().message}});
  return status;
}

// The order makes it safe to crash anywhere. Recovery trusts the checkpoint, so that must not point beyond the cut any
// more, before other records can stand there. From it on recovery believes nothing but the log, and of the log every
// state in between is a beginning of the old one that contains all below the cut.
Status MessageStore::cut_at(std::uint64_t offset) {
  RMQ_CHECK_OK(pull_back_checkpoint(offset));
  dispatcher_.cut(offset, {checkpoint_.logics_physical_offset, checkpoint_.logics_msg_timestamp});
  lower_confirm_offset(offset);
  for (auto* queue : table_.all()) RMQ_CHECK_OK(queues_.truncate(*queue, offset, false));
  RMQ_CHECK_OK(index_.truncate(offset));
  RMQ_CHECK_OK(log_.cut(offset));
  count_undispatched();
  return checkpoint_locked();
}

// As cut_at(). Queues and index go before the log: as long as there is any of it, they are built again; once it is
// gone, nothing may remain of them.
Status MessageStore::start_anew(std::uint64_t start) {
  checkpoint_.physic_msg_timestamp = checkpoint_.logics_msg_timestamp = 0;
  checkpoint_.logics_physical_offset = 0;
  checkpoint_.confirm_physical_offset = 0;
  RMQ_CHECK_OK(write_checkpoint(paths_.checkpoint(), checkpoint_, ops_));
  dispatcher_.restart(start);
  lower_confirm_offset(start);
  for (auto* queue : table_.all()) RMQ_CHECK_OK(queues_.forget(*queue));
  RMQ_CHECK_OK(index_.clear());
  RMQ_CHECK_OK(queues_.sync());
  RMQ_CHECK_OK(log_.clear(start));
  return checkpoint_locked();
}

Status MessageStore::pull_back_checkpoint(std::uint64_t offset) {
  const auto limit = static_cast<std::int64_t>(offset);
  if (checkpoint_.logics_physical_offset < limit && checkpoint_.confirm_physical_offset <= limit) return {};
  auto lower = checkpoint_;  // counts once it is written
  lower.confirm_physical_offset = std::min(lower.confirm_physical_offset, limit);
  if (lower.logics_physical_offset >= limit) {
    // Any record before the cut is as safe as the one it points at. The first of a file is found at once, and a crash
    // right after this costs reading one file. Without one: everything is read.
    const auto start = offset == 0 ? 0 : (offset - 1) / log_.file_bytes() * log_.file_bytes();
    const auto stored = start < offset && start >= log_.min_offset() ? log_.store_timestamp_at(start) : -1;
    lower.logics_physical_offset = stored < 0 ? 0 : static_cast<std::int64_t>(start);
    lower.physic_msg_timestamp = lower.logics_msg_timestamp = std::max<std::int64_t>(stored, 0);
  }
  RMQ_CHECK_OK(write_checkpoint(paths_.checkpoint(), lower, ops_));
  checkpoint_ = lower;
  return {};
}

bool MessageStore::has_units() const {
  const auto queues = table_.all();
  return std::any_of(queues.begin(), queues.end(), [](const TopicQueue* queue) { return queue->max_offset() > 0; });
}

bool MessageStore::record_starts_at(std::uint64_t offset) const {
  if (offset % log_.file_bytes() == 0 || offset >= log_.max_offset()) return true;
  const auto view = log_.read_to_limit(offset, UINT64_MAX);
  protocol::MessageRecord record;
  const auto state = protocol::parse_record(view.bytes, record);
  return state == protocol::RecordState::kEndOfFile ||
         (state == protocol::RecordState::kRecord && record.physical_offset == static_cast<std::int64_t>(offset));
}

void MessageStore::lower_confirm_offset(std::uint64_t offset) {
  auto confirm = confirm_offset();
  while (confirm != UINT64_MAX && confirm > offset && !confirm_.compare_exchange_weak(confirm, offset)) {
  }
}

// Queue offsets go on behind what is in the log and not in the queues yet.
void MessageStore::count_undispatched() {
  const auto end = log_.max_offset();
  protocol::MessageRecord record;
  for (auto at = dispatcher_.position(); at < end;) {
    const auto view = log_.read_to_limit(at, end);
    auto left = view.bytes;
    while (protocol::parse_record(left, record) == protocol::RecordState::kRecord) {
      if (enters_queue(record.sys_flag)) queues_.raise_next(queue(record.topic, record.queue_id), record.queue_offset);
      left.remove_prefix(static_cast<std::size_t>(record.size));
    }
    at = log_.next_file_start(at);
  }
}

}  // namespace rmq::store
