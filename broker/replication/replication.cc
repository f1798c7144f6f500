#include "broker/replication/replication.h"

#include <mutex>

#include "broker/replication/epoch/epoch_file.h"
#include "broker/replication/epoch/promises.h"
#include "broker/replication/ha/acceptor.h"
#include "broker/replication/ha/classic_follow.h"
#include "broker/replication/ha/classic_master.h"
#include "broker/replication/ha/epoch_follow.h"
#include "broker/replication/ha/epoch_master.h"
#include "broker/replication/ha/follower.h"
#include "broker/replication/ha/guard.h"
#include "common/base/log.h"

namespace rmq::replication {

class Replication::Impl {
 public:
  Impl(store::MessageStore& store, ReplicationOptions options, const Clock& clock)
      : store_(store),
        options_(std::move(options)),
        clock_(clock),
        epochs_(options_.epoch_file),
        promises_(options_.promise_file) {}

  Status start();
  void stop();
  std::uint16_t port() const { return acceptor_.port(); }

  Status become_master(const MasterTerm& term);
  Status become_slave(const SlaveTerm& term);
  Status become_classic_master();
  Status become_classic_slave(const std::string& address);
  Result<Position> promise(std::int32_t fence_epoch);
  Status drain(std::chrono::milliseconds limit);
  void cancel_drain();

  Position position() const;
  ReplicationStatus status() const;
  std::shared_ptr<EpochMaster> epoch_master() const;
  const EpochStore& epochs() const { return epochs_; }
  const Promises& promises() const { return promises_; }

 private:
  // What a role consists of; at most one of the masters and the follower.
  struct Parts {
    std::shared_ptr<EpochMaster> epoch_master;
    std::shared_ptr<ClassicMaster> classic_master;
    std::shared_ptr<Follower> follower;
    SlaveTerm slave_term;

    std::shared_ptr<Master> master() const {
      return epoch_master ? std::shared_ptr<Master>(epoch_master) : std::shared_ptr<Master>(classic_master);
    }
  };

  Status leave_role();
  Status make_replica();
  Status write_epoch(std::int32_t epoch);
  std::shared_ptr<Follower> make_follower(std::unique_ptr<Follow> follow) const;
  Parts parts() const;
  void set_parts(Parts parts);
  void on_connection(Socket socket);

  store::MessageStore& store_;
  const ReplicationOptions options_;
  const Clock& clock_;
  EpochStore epochs_;
  Promises promises_;
  Acceptor acceptor_;

  std::mutex role_mutex_;     // one change of roles at a time; before mutex_
  bool stopped_ = true;       // guarded by role_mutex_
  mutable std::mutex mutex_;  // of parts_; held for moments
  Parts parts_;
};

// ---- Start and stop

Status Replication::Impl::start() {
  std::lock_guard lock(role_mutex_);
  if (options_.protocol == HaProtocol::kAutoSwitch) {
    RMQ_CHECK_OK(epochs_.load(static_cast<std::int64_t>(store_.log().max_offset())));
    RMQ_CHECK_OK(promises_.load(std::max(epochs_.last_epoch(), 0)));
  }
  RMQ_CHECK_OK(acceptor_.start(options_.listen_host, options_.listen_port,
                               [this](Socket socket) { on_connection(std::move(socket)); }));
  stopped_ = false;
  log::info("replication: listening", {{"port", port()}});
  return {};
}

void Replication::Impl::stop() {
  std::lock_guard lock(role_mutex_);
  if (std::exchange(stopped_, true)) return;
  acceptor_.stop();
  const auto former = parts();
  set_parts({});
  if (former.follower) former.follower->stop();
  if (auto master = former.master()) master->stop();
}

void Replication::Impl::on_connection(Socket socket) {
  // Without a mastership there is nothing to be had here; the peer tries again.
  if (auto master = parts().master()) master->adopt(std::move(socket));
}

// ---- Roles

Replication::Impl::Parts Replication::Impl::parts() const {
  std::lock_guard lock(mutex_);
  return parts_;
}

void Replication::Impl::set_parts(Parts parts) {
  std::lock_guard lock(mutex_);
  std::swap(parts_, parts);
}

Status Replication::Impl::leave_role() {
  const auto former = parts();
  set_parts({});
  if (former.follower) former.follower->stop();
  if (auto master = former.master()) {
    // First: from here on nothing is acknowledged, whatever slaves still say.
    auto closed = store_.become_replica();
    master->stop();
    return closed;
  }
  return {};
}

Status Replication::Impl::make_replica() {
  RMQ_CHECK_OK(leave_role());
  return store_.is_replica() ? Status() : store_.become_replica();
}

Status Replication::Impl::write_epoch(std::int32_t epoch) {
  const auto min = static_cast<std::int64_t>(store_.log().min_offset());
  const auto end = static_cast<std::int64_t>(store_.log().max_offset());
  // A log from before there were epochs: what it holds belongs to epoch 0.
  if (epochs_.list().empty() && end > min) RMQ_CHECK_OK(epochs_.append({0, min}));
  return epochs_.append({epoch, end});
}

std::shared_ptr<Follower> Replication::Impl::make_follower(std::unique_ptr<Follow> follow) const {
  if (!options_.shared_secret.empty()) {
    follow = std::make_unique<GuardedFollow>(std::move(follow), options_.shared_secret);
  }
  return std::make_shared<Follower>(std::move(follow), options_, clock_);
}

Status Replication::Impl::become_master(const MasterTerm& term) {
  std::lock_guard lock(role_mutex_);
  if (stopped_) return fail(ErrorKind::kUnavailable, "replication is stopped");
  if (auto now = parts().epoch_master; now && now->epoch() == term.epoch) {
    now->on_sync_set(term.sync_set, term.set_epoch);
    if (term.lease_ms > 0) now->on_lease(term.lease_from_ms, term.lease_ms);
    return {};
  }
  // A mastership that this process has not begun is over (a master's rule 6).
  if (epochs_.last_epoch() >= term.epoch) {
    return fail(ErrorKind::kConflict, "epoch " + std::to_string(term.epoch) + " is in the log already");
  }
  if (const auto now = parts(); now.follower && now.slave_term.epoch == term.epoch) {
    return fail(ErrorKind::kConflict, "follows the master of this very epoch");
  }
  RMQ_CHECK_OK(promises_.follow(term.epoch));
  RMQ_CHECK_OK(make_replica());
  RMQ_CHECK_OK(write_epoch(term.epoch));
  auto master = std::make_shared<EpochMaster>(store_, epochs_, options_, clock_, term);
  RMQ_CHECK_OK(store_.become_master(master->store_term()));
  master->open();
  set_parts({.epoch_master = std::move(master)});
  log::info("replication: master", {{"epoch", term.epoch},
                                    {"broker_id", term.own_id},
                                    {"in_sync", term.sync_set.size()},
                                    {"log_end", store_.log().max_offset()}});
  return {};
}

Status Replication::Impl::become_slave(const SlaveTerm& term) {
  std::lock_guard lock(role_mutex_);
  if (stopped_) return fail(ErrorKind::kUnavailable, "replication is stopped");
  auto now = parts();
  if (now.epoch_master && now.epoch_master->epoch() == term.epoch) {
    return fail(ErrorKind::kConflict, "is the master of this very epoch");
  }
  if (now.follower && now.slave_term.epoch == term.epoch && now.slave_term.own_id == term.own_id &&
      now.slave_term.master_id == term.master_id) {
    now.follower->set_master(term.master_ha_address);
    return {};
  }
  RMQ_CHECK_OK(promises_.follow(term.epoch));
  RMQ_CHECK_OK(make_replica());
  auto follower = make_follower(std::make_unique<EpochFollow>(store_, epochs_, promises_, options_, clock_, term));
  follower->set_master(term.master_ha_address);
  set_parts({.follower = std::move(follower), .slave_term = term});
  log::info("replication: slave",
            {{"epoch", term.epoch}, {"broker_id", term.own_id}, {"master", term.master_ha_address}});
  return {};
}

Status Replication::Impl::become_classic_master() {
  std::lock_guard lock(role_mutex_);
  if (stopped_) return fail(ErrorKind::kUnavailable, "replication is stopped");
  if (parts().classic_master) return {};
  RMQ_CHECK_OK(leave_role());
  const bool wait = options_.mode != Mode::kAsync;
  if (store_.is_replica()) {
    RMQ_CHECK_OK(store_.become_master({.wait_for_replicas = wait}));
  } else {
    store_.set_ack_rule(wait);
  }
  store_.set_confirm_offset(UINT64_MAX);
  auto master = std::make_shared<ClassicMaster>(store_, options_, clock_);
  master->start();
  set_parts({.classic_master = std::move(master)});
  return {};
}

Status Replication::Impl::become_classic_slave(const std::string& address) {
  std::lock_guard lock(role_mutex_);
  if (stopped_) return fail(ErrorKind::kUnavailable, "replication is stopped");
  if (auto now = parts().follower) {
    now->set_master(address);
    return {};
  }
  RMQ_CHECK_OK(make_replica());
  store_.set_confirm_offset(UINT64_MAX);
  auto follower = make_follower(std::make_unique<ClassicFollow>(store_, options_, clock_));
  follower->set_master(address);
  set_parts({.follower = std::move(follower)});
  return {};
}

// ---- Fence and hand-over

Result<Position> Replication::Impl::promise(std::int32_t fence_epoch) {
  std::lock_guard lock(role_mutex_);
  RMQ_CHECK_OK(promises_.fence(fence_epoch));
  const auto now = parts();
  // The rules promise only above what was accepted, so every role there is belongs to an older epoch.
  if (now.epoch_master || now.follower) {
    log::info("replication: fenced", {{"epoch", fence_epoch}});
    RMQ_CHECK_OK(leave_role());
  }
  return position();
}

Position Replication::Impl::position() const {
  return {.epoch = std::max(epochs_.last_epoch(), 0), .end = static_cast<std::int64_t>(store_.log().max_offset())};
}

Status Replication::Impl::drain(std::chrono::milliseconds limit) {
  const auto master = epoch_master();
  if (!master) return fail(ErrorKind::kUnavailable, "not a master");
  // Producers hear "not the master" from now on, and look for the new one.
  auto& log = store_.log();
  log.change_write_state(store::WriteState::kOpen, store::WriteState::kReplica);
  const auto deadline = clock_.monotonic_ms() + limit.count();
  while (true) {
    const auto end = log.max_offset();
    auto drained = master->wait_all_have(deadline - clock_.monotonic_ms());
    if (!drained) {
      cancel_drain();
      return drained;
    }
    if (log.idle() && log.max_offset() == end) return {};  // else somebody was still writing
  }
}

void Replication::Impl::cancel_drain() {
  // A role that has changed meanwhile stays what it is.
  std::lock_guard lock(role_mutex_);
  if (!store_.is_replica()) store_.log().change_write_state(store::WriteState::kReplica, store::WriteState::kOpen);
}

// ---- What there is to know

std::shared_ptr<EpochMaster> Replication::Impl::epoch_master() const {
  return parts().epoch_master;
}

ReplicationStatus Replication::Impl::status() const {
  const auto now = parts();
  ReplicationStatus status;
  status.end = static_cast<std::int64_t>(store_.log().max_offset());
  if (now.follower) now.follower->fill(status);
  if (auto master = now.master()) master->fill(status);
  return status;
}

// ---- The facade

Replication::Replication(store::MessageStore& store, ReplicationOptions options, const Clock& clock)
    : impl_(std::make_unique<Impl>(store, std::move(options), clock)) {}

Replication::~Replication() {
  stop();
}

Status Replication::start() {
  return impl_->start();
}
void Replication::stop() {
  impl_->stop();
}
std::uint16_t Replication::port() const {
  return impl_->port();
}
Status Replication::become_master(const MasterTerm& term) {
  return impl_->become_master(term);
}
Status Replication::become_slave(const SlaveTerm& term) {
  return impl_->become_slave(term);
}
Status Replication::become_classic_master() {
  return impl_->become_classic_master();
}
Status Replication::become_classic_slave(const std::string& master_ha_address) {
  return impl_->become_classic_slave(master_ha_address);
}
void Replication::on_sync_set(const std::set<BrokerId>& set, std::int32_t set_epoch) {
  if (auto master = impl_->epoch_master()) master->on_sync_set(set, set_epoch);
}
void Replication::on_alter_refused(std::uint64_t number) {
  if (auto master = impl_->epoch_master()) master->on_alter_refused(number);
}
void Replication::on_alter_unknown(std::uint64_t number) {
  if (auto master = impl_->epoch_master()) master->on_alter_unknown(number);
}
void Replication::on_lease(std::int64_t sent_monotonic_ms, std::int64_t lease_ms) {
  if (auto master = impl_->epoch_master()) master->on_lease(sent_monotonic_ms, lease_ms);
}
Result<Position> Replication::promise(std::int32_t fence_epoch) {
  return impl_->promise(fence_epoch);
}
Position Replication::position() const {
  return impl_->position();
}
Status Replication::drain_for_handover(std::chrono::milliseconds limit) {
  return impl_->drain(limit);
}
void Replication::cancel_handover() {
  impl_->cancel_drain();
}
ReplicationStatus Replication::status() const {
  return impl_->status();
}
std::vector<EpochSpan> Replication::epochs() const {
  std::vector<EpochSpan> spans;
  const auto list = impl_->epochs().list();
  for (const auto& entry : list.entries()) {
    if (!spans.empty()) spans.back().end = entry.start;
    spans.push_back({.epoch = entry.epoch, .start = entry.start});
  }
  return spans;
}
std::int32_t Replication::accepted_epoch() const {
  return impl_->promises().greatest();
}

}  // namespace rmq::replication
