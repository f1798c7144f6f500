#include "broker/replication/ha/epoch_follow.h"

#include <algorithm>

#include "broker/replication/ha/cut.h"
#include "common/base/log.h"

namespace rmq::replication {

EpochFollow::EpochFollow(store::MessageStore& store, EpochStore& epochs, Promises& promises,
                         const ReplicationOptions& options, const Clock& clock, const SlaveTerm& term)
    : store_(store),
      epochs_(epochs),
      promises_(promises),
      options_(options),
      clock_(clock),
      term_(term),
      complete_ms_(clock.monotonic_ms()) {}

Status EpochFollow::on_connected(std::string& out) {
  greeted_ = ours_ = false;
  first_batch_ = true;
  body_left_ = 0;
  acknowledged_ = -1;
  const auto hello = encode(SlaveHello{.sync_from_last_file = options_.sync_from_last_file,
                                       .learner = options_.learner,
                                       .ours = !options_.learner,
                                       .broker_id = term_.own_id});
  out.append(hello.data(), hello.size());
  return {};
}

void EpochFollow::on_closed() {
  connected_.store(false);
  if (options_.on_connections_changed) options_.on_connections_changed();
}

Status EpochFollow::on_bytes(std::string_view& bytes, std::string& out) {
  while (!bytes.empty()) {
    if (!greeted_) {
      RMQ_TRY(const auto hello, take_master_hello(bytes));
      if (!hello) return {};
      RMQ_CHECK_OK(on_hello(*hello));
    } else if (body_left_ > 0) {
      const auto piece = bytes.substr(0, static_cast<std::size_t>(body_left_));
      if (auto stored = store_.append_replica(static_cast<std::uint64_t>(position_), piece); !stored) {
        return fail(std::move(stored).error().with("store what the master sent"));
      }
      bytes.remove_prefix(piece.size());
      position_ += static_cast<std::int64_t>(piece.size());
      body_left_ -= static_cast<std::int64_t>(piece.size());
    } else {
      RMQ_TRY(const auto header, take_transfer_header(bytes));
      if (!header) return {};
      RMQ_CHECK_OK(on_header(*header, out));
    }
  }
  return {};
}

// ---- Handshake

Status EpochFollow::on_hello(const MasterHello& hello) {
  ours_ = hello.ours;
  // The original's newest entry may be of an older epoch than its mastership: there, the Controller's word counts.
  epoch_ = ours_ ? hello.epoch : std::max(hello.epoch, term_.epoch);
  RMQ_CHECK_OK(promises_.follow(epoch_));
  RMQ_TRY(master_epochs_, EpochList::from_entries(hello.epochs));
  master_end_.store(hello.end);
  const auto end = stored_end();
  auto plan = SlaveRules::plan_truncation(epochs_.list(), end, master_epochs_, hello.end);
  if (plan.truncate_to < static_cast<std::int64_t>(store_.log().min_offset()) && end > 0) plan.wipe = true;
  log::info(
      "replication: master found",
      {{"epoch", epoch_}, {"master_end", hello.end}, {"own_end", end}, {"agree_to", plan.wipe ? 0 : plan.truncate_to}});
  if (plan.wipe) {
    RMQ_CHECK_OK(wipe("nothing in common with the master"));
  } else {
    RMQ_CHECK_OK(cut(plan));
  }
  if (options_.mode == Mode::kAsync) store_.set_confirm_offset(UINT64_MAX);
  position_ = stored_end();
  greeted_ = true;
  connected_.store(true);
  if (options_.on_connections_changed) options_.on_connections_changed();
  return {};
}

Status EpochFollow::cut(const TruncationPlan& plan) {
  if (plan.truncate_to < stored_end()) {
    log::warn("replication: log cut to where it agrees with the master's",
              {{"from", stored_end()}, {"to", plan.truncate_to}});
    // The rules exclude it, except after an unclean election or a disk that lied.
    if (const auto confirmed = store_.confirm_offset(); options_.mode != Mode::kAsync && confirmed != UINT64_MAX &&
                                                        static_cast<std::int64_t>(confirmed) > plan.truncate_to) {
      log::error("replication: the master lacks what was confirmed", {{"confirmed", confirmed}});
    }
    RMQ_CHECK_OK(cut_log(store_, options_, static_cast<std::uint64_t>(plan.truncate_to)));
  }
  return epochs_.replace(plan.epochs);
}

Status EpochFollow::wipe(std::string_view why) {
  log::warn("replication: the log is built anew from the master's", {{"why", why}, {"own_end", stored_end()}});
  // As with a cut, the log goes first: no tail may pass for what it isn't.
  RMQ_CHECK_OK(empty_log(store_, options_));
  return epochs_.replace(EpochList());
}

// ---- Transfer

Status EpochFollow::on_header(const TransferHeader& header, std::string& out) {
  if (header.state == kStatePing) {
    if (!promises_.may_acknowledge(epoch_)) return fail(ErrorKind::kConflict, "a newer epoch has begun");
    const auto echo = encode(SlaveAck{.state = kStatePing, .offset = header.offset});
    out.append(echo.data(), echo.size());
    confirm_ = header.confirm;
    return {};
  }
  // Before it knows where to start, the original sends heartbeats that name anything.
  if (header.body_bytes == 0 && (header.offset != position_ || header.epoch < epochs_.last_epoch())) return {};
  return on_batch(header);
}

Status EpochFollow::on_batch(TransferHeader header) {
  // The original labels an epoch's last batch with the next epoch; the handshake tells what it is.
  if (header.epoch_start > header.offset && header.body_bytes > 0) {
    const auto entry = master_epochs_.at_offset(header.offset);
    if (!entry) return fail(ErrorKind::kInvalid, "a batch before the first epoch");
    header.epoch = entry->epoch;
    header.epoch_start = entry->start;
  }
  auto mine = epochs_.list();
  if (first_batch_ && header.body_bytes > 0) {
    first_batch_ = false;
    const auto min = master_epochs_.empty() ? 0 : master_epochs_.entries().front().start;
    // A master of ours leaves a gap only when what this replica would need next is deleted.
    if (ours_ && header.offset > position_ && !mine.empty() && header.offset >= min) {
      RMQ_CHECK_OK(wipe("the master no longer has what comes next"));
      mine = epochs_.list();
    }
    if (mine.empty()) position_ = header.offset;
  }
  const auto decision = SlaveRules::on_batch({.epoch = header.epoch,
                                              .epoch_start = header.epoch_start,
                                              .offset = header.offset,
                                              .size = header.body_bytes,
                                              .confirm = header.confirm},
                                             mine.empty() ? 0 : position_, mine);
  if (decision.verdict == BatchVerdict::kClose) {
    return fail(ErrorKind::kInvalid, std::string(decision.reason) + ": offset " + std::to_string(header.offset) +
                                         ", epoch " + std::to_string(header.epoch) + " from " +
                                         std::to_string(header.epoch_start) + ", own end " + std::to_string(position_));
  }
  if (decision.verdict == BatchVerdict::kAppendEpochFirst) RMQ_CHECK_OK(epochs_.append(decision.new_epoch));
  body_left_ = header.body_bytes;
  confirm_ = header.confirm;
  master_end_.store(std::max(master_end_.load(), header.offset + header.body_bytes));
  return {};
}

Status EpochFollow::acknowledge(bool heartbeat, std::string& out) {
  if (!greeted_) return {};
  const auto end = stored_end();
  take_confirm();
  note_progress();
  if (end <= acknowledged_ && !heartbeat) return {};
  const auto mine = epochs_.list();
  if (const auto due = SlaveRules::due_epoch(master_epochs_, mine, end)) RMQ_CHECK_OK(epochs_.append(*due));
  if (store_.options().flush_mode == store::FlushMode::kSync) RMQ_CHECK_OK(store_.flush());
  if (!promises_.may_acknowledge(epoch_)) return fail(ErrorKind::kConflict, "a newer epoch has begun");
  // Without epochs the log is empty, wherever it would go on.
  const auto ack = encode(SlaveAck{.offset = mine.empty() ? 0 : end});
  out.append(ack.data(), ack.size());
  acknowledged_ = end;
  return {};
}

void EpochFollow::take_confirm() {
  if (options_.mode == Mode::kAsync) return;
  const auto confirm = static_cast<std::uint64_t>(SlaveRules::confirm(confirm_, stored_end()));
  const auto known = store_.confirm_offset();
  if (confirm > known || known == UINT64_MAX) store_.set_confirm_offset(confirm);
}

void EpochFollow::note_progress() {
  if (stored_end() >= master_end_.load()) complete_ms_.store(clock_.monotonic_ms());
}

void EpochFollow::fill(ReplicationStatus& status) const {
  status.epoch = term_.epoch;
  status.own_id = term_.own_id;
  status.end = stored_end();
  status.confirmed = static_cast<std::int64_t>(std::min(store_.confirm_offset(), store_.log().max_offset()));
  status.connected = connected_.load();
  status.master_end = master_end_.load();
  status.lag_bytes = std::max<std::int64_t>(0, status.master_end - status.end);
  status.lag_ms = status.lag_bytes == 0 && status.connected ? 0 : clock_.monotonic_ms() - complete_ms_.load();
}

}  // namespace rmq::replication
