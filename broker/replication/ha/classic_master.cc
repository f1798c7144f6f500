#include "broker/replication/ha/classic_master.h"

#include <algorithm>
#include <vector>

#include "broker/replication/wire/classic.h"
#include "common/base/log.h"

namespace rmq::replication {

ClassicMaster::~ClassicMaster() {
  stop();
}

std::unique_ptr<Feed> ClassicMaster::make_feed(ConnectionToken, const std::string& peer) {
  auto feed = std::make_unique<ClassicFeed>(*this, store_.log(), options_, clock_, peer);
  std::lock_guard lock(mutex_);
  feeds_.insert(feed.get());
  return feed;
}

void ClassicMaster::on_ack() {
  std::vector<std::int64_t> have;
  {
    std::lock_guard lock(mutex_);
    for (const auto* feed : feeds_) have.push_back(feed->acknowledged());
  }
  const auto slaves = static_cast<std::size_t>(std::max(1, options_.in_sync_replicas - 1));
  if (have.size() < slaves) return;
  std::nth_element(have.begin(), have.begin() + static_cast<std::ptrdiff_t>(slaves - 1), have.end(), std::greater<>());
  if (have[slaves - 1] >= 0) store_.log().gate().advance_replicas(0, have[slaves - 1]);
}

void ClassicMaster::on_gone(ClassicFeed* feed) {
  {
    std::lock_guard lock(mutex_);
    feeds_.erase(feed);
  }
  if (options_.on_connections_changed) options_.on_connections_changed();
}

void ClassicMaster::fill(ReplicationStatus& status) const {
  status.role = Role::kMaster;
  status.end = status.confirmed = static_cast<std::int64_t>(log_end());
  std::lock_guard lock(mutex_);
  for (const auto* feed : feeds_) {
    PeerStatus slave;
    slave.address = feed->peer();
    slave.acknowledged = feed->reported();
    slave.sent = feed->sent();
    slave.lag_bytes = status.end - std::max<std::int64_t>(slave.acknowledged, 0);
    slave.bytes_per_second = feed->bytes_per_second();
    slave.in_sync = slave.acknowledged >= 0 && slave.lag_bytes < options_.max_gap_bytes;
    status.lag_bytes = std::max(status.lag_bytes, slave.lag_bytes);
    status.slaves.push_back(std::move(slave));
  }
}

ClassicFeed::ClassicFeed(ClassicMaster& owner, store::CommitLog& log, const ReplicationOptions& options,
                         const Clock& clock, std::string peer)
    : owner_(owner),
      log_(log),
      options_(options),
      clock_(clock),
      peer_(std::move(peer)),
      started_ms_(clock.monotonic_ms()) {}

Status ClassicFeed::on_bytes(std::string_view& bytes) {
  bool counts = false;
  while (true) {
    RMQ_TRY(const auto end, take_classic_ack(bytes));
    if (!end) break;
    if (!started_) {
      RMQ_CHECK_OK(start_from(*end));
    } else {
      if (*end < reported()) return fail(ErrorKind::kInvalid, "acknowledges less than before");
      if (*end > sent()) return fail(ErrorKind::kInvalid, "acknowledges more than was sent");
      counts = last_head_ms_ > 0;
    }
    reported_.store(*end, std::memory_order_release);
  }
  if (!counts) return {};
  counts_.store(true, std::memory_order_release);
  owner_.on_ack();
  return {};
}

Status ClassicFeed::start_from(std::int64_t requested) {
  const auto end = static_cast<std::int64_t>(log_.max_offset());
  if (requested > end) return fail(ErrorKind::kInvalid, "asks for what is beyond the log's end");
  if (requested > 0 && requested < static_cast<std::int64_t>(log_.min_offset())) {
    return fail(ErrorKind::kNotFound, "asks for what has been deleted");
  }
  // As the original: an empty slave starts with the last file.
  position_ = requested > 0 ? requested : end - end % static_cast<std::int64_t>(log_.file_bytes());
  if (requested == 0) position_ = std::max(position_, static_cast<std::int64_t>(log_.min_offset()));
  sent_.store(position_, std::memory_order_relaxed);
  started_ = true;
  log::info("replication: slave follows", {{"peer", peer_}, {"has", requested}, {"from", position_}, {"log_end", end}});
  if (options_.on_connections_changed) options_.on_connections_changed();
  return {};
}

Status ClassicFeed::next(std::string& head, store::LogSlice& body) {
  if (!started_) return {};
  const auto now = clock_.monotonic_ms();
  const auto end = static_cast<std::int64_t>(log_.max_offset());
  ClassicHeader header{.offset = position_};
  if (position_ < end) {
    const auto limit = std::min(end, position_ + static_cast<std::int64_t>(options_.batch_bytes));
    body = log_.slice(static_cast<std::uint64_t>(position_), static_cast<std::uint64_t>(limit));
    if (body.size == 0) return fail(ErrorKind::kNotFound, "what it needs has been deleted");
    header.body_bytes = static_cast<std::int32_t>(body.size);
    position_ += header.body_bytes;
  } else if (now < last_head_ms_ + options_.heartbeat_ms) {
    return {};
  }
  last_head_ms_ = now;
  const auto bytes = encode(header);
  head.assign(bytes.data(), bytes.size());
  return {};
}

void ClassicFeed::on_sent(std::uint64_t bytes) {
  sent_.store(sent() + static_cast<std::int64_t>(bytes), std::memory_order_relaxed);
  rate_.add(static_cast<std::int64_t>(bytes), clock_.monotonic_ms());
}

std::int64_t ClassicFeed::wake_at() const {
  return started_ ? last_head_ms_ + options_.heartbeat_ms : INT64_MAX;
}

std::int64_t ClassicFeed::silence_ends(std::int64_t last_read_ms) const {
  return started_ ? last_read_ms + options_.idle_ms : started_ms_ + kFirstLimitMs;
}

}  // namespace rmq::replication
