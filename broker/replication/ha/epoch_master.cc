#include "broker/replication/ha/epoch_master.h"

#include <algorithm>
#include <chrono>

#include "common/base/log.h"

namespace rmq::replication {
namespace {

constexpr std::int64_t kPrefixIntervalMs = 10'000;

MasterConfig config_of(const ReplicationOptions& options, const MasterTerm& term, const EpochStore& epochs) {
  MasterConfig config;
  config.mode = options.mode;
  config.self = term.own_id;
  config.epoch = term.epoch;
  if (const auto entry = epochs.list().find(term.epoch)) config.epoch_start = entry->start;
  config.members_wanted = options.quorum_replicas;
  config.write_quorum = options.quorum_replicas / 2 + 1;
  config.min_in_sync = options.min_in_sync;
  config.shrink_after = options.not_caught_up_ms;
  config.unclean_allowed = options.unclean_election;
  config.lease_needed = term.lease_ms > 0;
  return config;
}

std::int64_t known_confirm(const store::MessageStore& store) {
  return static_cast<std::int64_t>(std::min(store.confirm_offset(), store.log().max_offset()));
}

Status replaced() {
  return fail(ErrorKind::kConflict, "the same broker id has connected again");
}

}  // namespace

EpochMaster::EpochMaster(store::MessageStore& store, EpochStore& epochs, const ReplicationOptions& options,
                         const Clock& clock, const MasterTerm& term)
    : Master(store, options, clock),
      epochs_(epochs),
      term_(term),
      rules_(config_of(options, term, epochs), term.sync_set, term.set_epoch,
             static_cast<std::int64_t>(store.log().max_offset()),
             options.mode == Mode::kAsync ? static_cast<std::int64_t>(store.log().min_offset()) : known_confirm(store),
             clock.monotonic_ms()),
      ping_interval_ms_(options.heartbeat_ms) {
  // The store numbers its queues behind every record of its log before it opens.
  rules_.log_applied(static_cast<std::int64_t>(store.log().max_offset()));
  if (term.lease_ms > 0) rules_.heartbeat_answered(term.lease_from_ms, term.lease_ms, clock.monotonic_ms());
  set_ping_interval(term.lease_ms);
  confirmed_.store(rules_.confirm_offset());
  enough_ = rules_.enough_in_sync();
}

EpochMaster::~EpochMaster() {
  stop();
}

store::MessageStore::MasterTerm EpochMaster::store_term() const {
  std::lock_guard lock(mutex_);
  return {.epoch = static_cast<std::uint64_t>(term_.epoch),
          .wait_for_replicas = options_.mode != Mode::kAsync,
          .enough_replicas = enough_,
          .lease_until_ms = rules_.lease_end(clock_.monotonic_ms())};
}

void EpochMaster::open() {
  apply([this](std::int64_t) { open_ = true; });
  start();
}

// ---- The rules, and what follows

template <class Input>
void EpochMaster::apply(Input input) {
  std::optional<Proposal> proposal;
  std::int64_t acknowledged = 0;
  bool may_publish = false;
  {
    std::lock_guard lock(mutex_);
    const auto now = clock_.monotonic_ms();
    rules_.log_end_moved(static_cast<std::int64_t>(log_end()), now);
    input(now);
    may_publish = open_;
    if (open_) {
      proposal = rules_.take_proposal(now);
      const auto confirmed = rules_.confirm_offset();
      confirmed_.store(confirmed, std::memory_order_release);
      // Under the lock, so that an older value never overtakes a newer one.
      store_.set_confirm_offset(options_.mode == Mode::kAsync ? UINT64_MAX : static_cast<std::uint64_t>(confirmed));
      store_.set_ack_lease(rules_.lease_end(now));
      if (const bool enough = rules_.enough_in_sync(); enough != enough_) {
        enough_ = enough;
        store_.set_enough_replicas(enough);
        log::warn(enough ? "replication: enough replicas in sync again" : "replication: too few replicas in sync",
                  {{"epoch", term_.epoch}, {"in_sync", rules_.granted_set().size()}});
      }
      acknowledged = rules_.acknowledged_end();
      const auto required = rules_.required_set();
      alone_.store(required.size() <= 1, std::memory_order_relaxed);
    }
    acknowledged_.notify_all();
  }
  if (!may_publish) return;
  // Listeners answer producers: not under the lock. The watermark only rises, so the order does not matter.
  store_.log().gate().advance_replicas(static_cast<std::uint64_t>(term_.epoch), acknowledged);
  if (proposal && options_.propose_sync_set) options_.propose_sync_set(*proposal);
}

std::int64_t EpochMaster::tick(std::int64_t now) {
  apply([](std::int64_t) {});
  if (now - prefix_checked_ms_ >= kPrefixIntervalMs) {
    prefix_checked_ms_ = now;
    if (auto cut = epochs_.truncate_prefix(static_cast<std::int64_t>(store_.log().min_offset())); !cut) {
      log::warn("replication: epochs of deleted files stay", {{"error", cut.error()}});
    }
  }
  std::lock_guard lock(mutex_);
  // A lone master renews its lease here.
  const auto lease_step = std::max<std::int64_t>(10, ping_interval_ms());
  return std::min(rules_.next_wakeup(now), now + lease_step);
}

void EpochMaster::set_ping_interval(std::int64_t lease_ms) {
  auto interval = options_.heartbeat_ms;
  if (lease_ms > 0) interval = std::min(interval, std::max<std::int64_t>(lease_ms / 4, 20));
  ping_interval_ms_.store(interval, std::memory_order_relaxed);
}

// ---- The Controller

void EpochMaster::on_sync_set(const std::set<BrokerId>& set, std::int32_t set_epoch) {
  apply([&](std::int64_t now) { rules_.controller_set(set, set_epoch, now); });
  poke();
}

void EpochMaster::on_alter_refused(std::uint64_t number) {
  apply([&](std::int64_t now) { rules_.proposal_refused(number, now); });
  poke();
}

void EpochMaster::on_alter_unknown(std::uint64_t number) {
  apply([&](std::int64_t now) { rules_.proposal_unknown(number, now); });
  poke();
}

void EpochMaster::on_lease(std::int64_t sent_ms, std::int64_t lease_ms) {
  set_ping_interval(lease_ms);
  apply([&](std::int64_t now) { rules_.heartbeat_answered(sent_ms, lease_ms, now); });
}

// ---- The links

std::unique_ptr<Feed> EpochMaster::make_feed(ConnectionToken token, const std::string& peer) {
  EpochLinkOwner& owner = *this;
  auto feed = std::make_unique<EpochFeed>(owner, store_.log(), options_, clock_, token);
  std::lock_guard lock(mutex_);
  peers_.emplace(token, Peer{token, feed.get(), peer});
  return feed;
}

Status EpochMaster::admit(const SlaveHello& hello) const {
  if (hello.broker_id == term_.own_id) return fail(ErrorKind::kDenied, "claims to be this broker");
  if (options_.is_registered && !options_.is_registered(hello.broker_id)) {
    return fail(ErrorKind::kDenied, "broker id " + std::to_string(hello.broker_id) + " is not registered");
  }
  return {};
}

MasterHello EpochMaster::greeting(const SlaveHello& hello) const {
  const auto epochs = epochs_.list();
  return {.ours = hello.ours,
          .end = static_cast<std::int64_t>(log_end()),
          .epoch = hello.ours ? term_.epoch : epochs.last_epoch(),
          .epochs = epochs.entries()};
}

void EpochMaster::on_handshake(const SlaveHello& hello, ConnectionToken token) {
  apply([&](std::int64_t now) { rules_.handshake(hello.broker_id, hello.learner, token, now); });
  if (options_.on_connections_changed) options_.on_connections_changed();
}

Status EpochMaster::on_ack(BrokerId id, ConnectionToken token, std::int64_t offset, std::int64_t sent_limit) {
  auto verdict = AckVerdict::kStale;
  apply([&](std::int64_t now) { verdict = rules_.acknowledged(id, token, offset, sent_limit, now); });
  if (verdict == AckVerdict::kCounted) return {};
  if (verdict == AckVerdict::kStale) return replaced();
  return fail(ErrorKind::kInvalid, "acknowledges " + std::to_string(offset) + " of " + std::to_string(sent_limit));
}

Status EpochMaster::on_echo(BrokerId id, ConnectionToken token, std::int64_t sent_ms) {
  auto verdict = AckVerdict::kStale;
  apply([&](std::int64_t now) { verdict = rules_.ping_echoed(id, token, sent_ms, now); });
  if (verdict == AckVerdict::kCounted) return {};
  if (verdict == AckVerdict::kStale) return replaced();
  return fail(ErrorKind::kInvalid, "echoes a ping of the future");
}

void EpochMaster::on_gone(BrokerId id, ConnectionToken token) {
  apply([&](std::int64_t now) {
    peers_.erase(token);
    rules_.disconnected(id, token, now);
  });
  poke();  // its grace has begun
  if (options_.on_connections_changed) options_.on_connections_changed();
}

// ---- Asked from outside

bool EpochMaster::everybody_has_all() const {
  const auto end = static_cast<std::int64_t>(log_end());
  const auto required = rules_.required_set();
  return std::all_of(required.begin(), required.end(),
                     [&](BrokerId id) { return id == term_.own_id || rules_.acknowledged_by(id).value_or(-1) >= end; });
}

Status EpochMaster::wait_all_have(std::int64_t limit_ms) {
  std::unique_lock lock(mutex_);
  if (acknowledged_.wait_for(lock, std::chrono::milliseconds(limit_ms), [this] { return everybody_has_all(); })) {
    return {};
  }
  return fail(ErrorKind::kTimeout, "not every member of the sync set has everything");
}

void EpochMaster::fill(ReplicationStatus& status) const {
  std::lock_guard lock(mutex_);
  const auto now = clock_.monotonic_ms();
  status.role = Role::kMaster;
  status.epoch = term_.epoch;
  status.own_id = term_.own_id;
  status.end = static_cast<std::int64_t>(log_end());
  status.confirmed = rules_.confirm_offset();
  status.sync_set = rules_.granted_set();
  status.set_epoch = rules_.set_epoch();
  const auto lease_end = rules_.lease_end(now);
  status.lease_left_ms = lease_end == MasterRules::kForever ? -1 : lease_end > now ? lease_end - now : 0;
  for (const auto& [token, peer] : peers_) {
    PeerStatus slave;
    slave.id = peer.feed->id();
    slave.address = peer.address;
    slave.acknowledged = rules_.acknowledged_by(slave.id).value_or(-1);
    slave.sent = peer.feed->sent();
    slave.lag_bytes = status.end - std::max<std::int64_t>(slave.acknowledged, 0);
    slave.bytes_per_second = peer.feed->bytes_per_second();
    slave.ours = peer.feed->ours();
    slave.in_sync = status.sync_set.contains(slave.id);
    if (slave.in_sync) status.lag_bytes = std::max(status.lag_bytes, slave.lag_bytes);
    status.slaves.push_back(std::move(slave));
  }
}

}  // namespace rmq::replication
