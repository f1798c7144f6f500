#include "broker/replication/ha/epoch_feed.h"

#include <algorithm>

#include "common/base/log.h"

namespace rmq::replication {

EpochFeed::EpochFeed(EpochLinkOwner& owner, store::CommitLog& log, const ReplicationOptions& options,
                     const Clock& clock, ConnectionToken token)
    : owner_(owner), log_(log), options_(options), clock_(clock), token_(token), started_ms_(clock.monotonic_ms()) {}

// ---- What the slave says

Status EpochFeed::on_bytes(std::string_view& bytes) {
  if (phase_ == Phase::kHello) {
    RMQ_TRY(const auto hello, take_slave_hello(bytes));
    if (!hello) return {};
    RMQ_CHECK_OK(on_hello(*hello));
  }
  // Nobody can rightly answer a handshake that hasn't been sent.
  if (phase_ == Phase::kGreet) {
    return bytes.empty() ? Status() : fail(ErrorKind::kInvalid, "spoke before the handshake was answered");
  }
  std::optional<std::int64_t> newest;
  while (true) {
    RMQ_TRY(const auto ack, take_slave_ack(bytes));
    if (!ack) break;
    if (ack->state == kStatePing) {
      RMQ_CHECK_OK(on_echo(ack->offset));
    } else if (phase_ == Phase::kPosition) {
      RMQ_CHECK_OK(on_ack(*ack));
    } else {
      if (ack->offset < newest.value_or(0)) return fail(ErrorKind::kInvalid, "acknowledges less than before");
      newest = ack->offset;
    }
  }
  // Of many, the last says it all.
  return newest ? on_ack({kStateTransfer, *newest}) : Status();
}

Status EpochFeed::on_hello(const SlaveHello& hello) {
  RMQ_CHECK_OK(owner_.admit(hello));
  hello_ = hello;
  id_.store(hello.broker_id, std::memory_order_relaxed);
  ours_.store(hello.ours, std::memory_order_relaxed);
  phase_ = Phase::kGreet;
  return {};
}

Status EpochFeed::on_ack(const SlaveAck& ack) {
  if (phase_ == Phase::kPosition) {
    RMQ_CHECK_OK(start_from(ack.offset));
    phase_ = Phase::kTransfer;
  }
  return owner_.on_ack(hello_.broker_id, token_, ack.offset, sent());
}

Status EpochFeed::on_echo(std::int64_t number) {
  // Echoes come in order; one of a ping that was never sent is a lie.
  while (!pings_.empty() && pings_.front().number < number) pings_.pop_front();
  if (pings_.empty() || pings_.front().number != number) return fail(ErrorKind::kInvalid, "echoes what was not sent");
  const auto sent_ms = pings_.front().sent_ms;
  pings_.pop_front();
  return owner_.on_echo(hello_.broker_id, token_, sent_ms);
}

Status EpochFeed::start_from(std::int64_t requested) {
  const auto end = static_cast<std::int64_t>(log_.max_offset());
  const auto min = static_cast<std::int64_t>(log_.min_offset());
  if (requested > end) return fail(ErrorKind::kInvalid, "asks for what is beyond the log's end");
  position_ = requested;
  if (requested == 0) {
    const auto file = static_cast<std::int64_t>(log_.file_bytes());
    position_ = hello_.sync_from_last_file ? std::max(min, end - end % file) : min;
  } else if (requested < min) {
    // The original would idle for ever; a slave of ours sees the gap and starts anew from there.
    if (!hello_.ours) return fail(ErrorKind::kNotFound, "asks for what has been deleted");
    position_ = min;
  }
  sent_.store(position_, std::memory_order_relaxed);
  log::info("replication: slave follows",
            {{"broker_id", hello_.broker_id}, {"has", requested}, {"from", position_}, {"log_end", end}});
  return {};
}

// ---- What it is told

Status EpochFeed::next(std::string& head, store::LogSlice& body) {
  const auto now = clock_.monotonic_ms();
  if (phase_ == Phase::kGreet) {
    auto greeting = owner_.greeting(hello_);
    RMQ_TRY(epochs_, EpochList::from_entries(greeting.epochs));
    head = encode(greeting);
    // Counts from here on: what it acknowledges now, it does knowing this epoch.
    owner_.on_handshake(hello_, token_);
    phase_ = Phase::kPosition;
    last_head_ms_ = now;
    return {};
  }
  if (phase_ != Phase::kTransfer) return {};
  if (ping_due(now)) {
    pings_.push_back({++last_ping_, now});
    last_ping_ms_ = now;
    put_header(head, kStatePing, last_ping_, 0);
    return {};
  }
  const auto end = static_cast<std::int64_t>(log_.max_offset());
  if (position_ < end) {
    // No batch crosses an epoch: it ends where the next one starts.
    auto limit = std::min(end, position_ + static_cast<std::int64_t>(options_.batch_bytes));
    const auto entry = epochs_.at_offset(position_);
    if (entry) {
      limit = std::min(limit, *epochs_.end_of(entry->epoch, end));
    } else if (!epochs_.empty()) {
      limit = std::min(limit, epochs_.entries().front().start);
    }
    body = log_.slice(static_cast<std::uint64_t>(position_), static_cast<std::uint64_t>(limit));
    if (body.size == 0) return fail(ErrorKind::kNotFound, "what it needs has been deleted");
    put_header(head, kStateTransfer, position_, static_cast<std::int32_t>(body.size));
    position_ += static_cast<std::int64_t>(body.size);
    last_head_ms_ = now;
    return {};
  }
  if (now >= head_due_at()) {
    put_header(head, kStateTransfer, position_, 0);
    last_head_ms_ = now;
  }
  return {};
}

void EpochFeed::put_header(std::string& head, std::int32_t state, std::int64_t offset, std::int32_t size) {
  const auto entry = epochs_.at_offset(position_);
  const auto shown = entry ? *entry : epochs_.entries().empty() ? EpochEntry{} : epochs_.entries().front();
  news_sent_ = owner_.confirmed();
  const auto bytes = encode(TransferHeader{.state = state,
                                           .body_bytes = size,
                                           .offset = offset,
                                           .epoch = shown.epoch,
                                           .epoch_start = shown.start,
                                           .confirm = news_sent_});
  head.assign(bytes.data(), bytes.size());
}

bool EpochFeed::ping_due(std::int64_t now) const {
  return hello_.ours && pings_.size() < kMaxPings && now >= last_ping_ms_ + owner_.ping_interval_ms();
}

void EpochFeed::on_sent(std::uint64_t bytes) {
  sent_.store(sent() + static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
  rate_.add(static_cast<std::int64_t>(bytes), clock_.monotonic_ms());
}

std::int64_t EpochFeed::head_due_at() const {
  return last_head_ms_ + (owner_.confirmed() > news_sent_ ? kConfirmNewsMs : options_.heartbeat_ms);
}

std::int64_t EpochFeed::wake_at() const {
  if (phase_ != Phase::kTransfer) return INT64_MAX;
  auto at = head_due_at();
  // Another slave's acknowledgement may confirm what this one has been sent; nobody wakes this thread for it.
  if (news_sent_ < position_) at = std::min(at, clock_.monotonic_ms() + kConfirmNewsMs);
  if (hello_.ours && pings_.size() < kMaxPings) at = std::min(at, last_ping_ms_ + owner_.ping_interval_ms());
  return at;
}

std::int64_t EpochFeed::silence_ends(std::int64_t last_read_ms) const {
  if (phase_ == Phase::kHello) return started_ms_ + std::min(kHelloLimitMs, options_.idle_ms);
  return last_read_ms + options_.idle_ms;
}

void EpochFeed::on_closed() {
  owner_.on_gone(id(), token_);
}

}  // namespace rmq::replication
