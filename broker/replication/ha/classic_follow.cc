#include "broker/replication/ha/classic_follow.h"

#include <algorithm>

#include "broker/replication/wire/classic.h"

namespace rmq::replication {

Status ClassicFollow::on_connected(std::string& out) {
  position_ = acknowledged_ = stored_end();
  body_left_ = 0;
  const auto ack = encode_classic_ack(acknowledged_);
  out.append(ack.data(), ack.size());
  connected_.store(true);
  if (options_.on_connections_changed) options_.on_connections_changed();
  return {};
}

void ClassicFollow::on_closed() {
  connected_.store(false);
  if (options_.on_connections_changed) options_.on_connections_changed();
}

Status ClassicFollow::on_bytes(std::string_view& bytes, std::string&) {
  while (!bytes.empty()) {
    if (body_left_ > 0) {
      const auto piece = bytes.substr(0, static_cast<std::size_t>(body_left_));
      if (auto stored = store_.append_replica(static_cast<std::uint64_t>(position_), piece); !stored) {
        return fail(std::move(stored).error().with("store what the master sent"));
      }
      bytes.remove_prefix(piece.size());
      position_ += static_cast<std::int64_t>(piece.size());
      body_left_ -= static_cast<std::int64_t>(piece.size());
      continue;
    }
    RMQ_TRY(const auto header, take_classic_header(bytes));
    if (!header) return {};
    if (position_ == 0) position_ = header->offset;  // an empty log may begin anywhere
    if (header->offset != position_) {
      return fail(ErrorKind::kConflict, "the master goes on at " + std::to_string(header->offset) +
                                            ", this log ends at " + std::to_string(position_));
    }
    body_left_ = header->body_bytes;
    master_end_.store(header->offset + header->body_bytes);
  }
  return {};
}

Status ClassicFollow::acknowledge(bool heartbeat, std::string& out) {
  const auto end = stored_end();
  if (end >= master_end_.load()) complete_ms_.store(clock_.monotonic_ms());
  if (end <= acknowledged_ && !heartbeat) return {};
  if (store_.options().flush_mode == store::FlushMode::kSync) RMQ_CHECK_OK(store_.flush());
  acknowledged_ = end;
  const auto ack = encode_classic_ack(end);
  out.append(ack.data(), ack.size());
  return {};
}

void ClassicFollow::fill(ReplicationStatus& status) const {
  status.end = status.confirmed = stored_end();
  status.connected = connected_.load();
  status.master_end = master_end_.load();
  status.lag_bytes = std::max<std::int64_t>(0, status.master_end - status.end);
  status.lag_ms = status.lag_bytes == 0 && status.connected ? 0 : clock_.monotonic_ms() - complete_ms_.load();
}

}  // namespace rmq::replication
