#include "broker/app/replica.h"

#include "broker/app/replication_metrics.h"
#include "broker/app/replication_settings.h"
#include "broker/processor/replication_processor.h"
#include "broker/processor/slave_sync_processor.h"
#include "common/base/log.h"
#include "common/protocol/codes.h"

namespace rmq::broker {
namespace {

using protocol::RequestCode;
using remoting::Execution;
using std::chrono::milliseconds;

constexpr milliseconds kLookUpPeriod{5'000};
constexpr milliseconds kFixedSyncPeriod{60'000};       // as the original
constexpr milliseconds kControlledSyncPeriod{10'000};  // as the original in controller mode
constexpr milliseconds kWatchPeriod{200};
constexpr milliseconds kHaAddressLimit{1'000};
constexpr milliseconds kDrainLimit{2'000};
constexpr milliseconds kResignLimit{3'000};
constexpr milliseconds kHandoverLimit{1'000};

}  // namespace

Replica::Replica(const ReplicaParts& parts)
    : parts_(parts),
      controllers_(parts.config.controller_addr, kLookUpPeriod),
      slave_sync_(parts.client, parts.tables,
                  parts.config.enable_controller_mode ? kControlledSyncPeriod : kFixedSyncPeriod),
      watch_(kWatchPeriod, [this] { parts_.config.follows_master = replication_->status().connected; }),
      fixed_follower_("follow", 1, 16) {
  auto options = replication_options_of(parts.config);
  if (parts.config.enable_controller_mode) {
    options.before_cut = [this](std::uint64_t log_end) { return parts_.journal.before_cut(log_end); };
    options.after_cut = [this] { parts_.journal.after_cut(); };
    options.propose_sync_set = [this](const replication::Proposal& proposal) {
      membership_->propose(proposal, replication_->status().epoch);
    };
  }
  if (parts.config.is_master()) parts_.config.role = Role::kUnknown;  // not before it is taken up
  replication_ = std::make_unique<replication::Replication>(parts.store, std::move(options), parts.clock);
  if (!parts.config.enable_controller_mode) return;
  roles_ = std::make_unique<RoleSwitch>(parts_.config, *this, parts.clock);
  auto membership = membership_options_of(parts.config);
  membership.controllers = [this] { return controllers_.now(); };
  membership_ = std::make_unique<replication::Membership>(std::move(membership), parts.client, parts.clock, *this);
}

Replica::~Replica() {
  stop();
}

void Replica::route(remoting::Server& server) {
  connections_ = ConnectionBook::of(server);
  ReplicationProcessor::Hooks hooks;
  if (membership_) {
    hooks.notified = [this](const replication::GroupView& view) { membership_->notify(view); };
    hooks.fenced = [this](std::int32_t epoch) { roles_->on_fenced(epoch); };
  }
  const auto replication = std::make_shared<ReplicationProcessor>(parts_.config, *replication_, std::move(hooks));
  for (const auto code : {ReplicationProcessor::kExchangeHaInfo, ReplicationProcessor::kGetHaStatus,
                          ReplicationProcessor::kResetMasterFlushOffset, RequestCode::kGetBrokerEpochCache,
                          RequestCode::kNotifyBrokerRoleChanged}) {
    server.route(code, replication, Execution::kWorker);
  }
  const auto sync = std::make_shared<SlaveSyncProcessor>(parts_.store, parts_.clock);
  for (const auto code : {SlaveSyncProcessor::kGetTimerCheckpoint, SlaveSyncProcessor::kGetTimerMetrics,
                          SlaveSyncProcessor::kGetAllMessageRequestMode}) {
    server.route(code, sync);
  }
}

void Replica::add_checks(http::AdminServer& admin) {
  admin.add_readiness("role", [this] { return ready(); });
  if (membership_) admin.add_readiness("journal", [this] { return parts_.journal.health(); });
  add_replication_metrics(admin.metrics(), parts_.config, *replication_);
}

Status Replica::ready() const {
  const auto& config = parts_.config;
  if (config.role == Role::kUnknown) return fail(ErrorKind::kUnavailable, "no role yet");
  if (config.is_master()) return {};
  const auto status = replication_->status();
  if (!status.connected) return fail(ErrorKind::kUnavailable, "not connected to the master");
  if (status.lag_ms > config.ha_max_time_slave_not_catchup) {
    return fail(ErrorKind::kUnavailable, "catching up: " + std::to_string(status.lag_bytes) + " bytes behind");
  }
  return {};
}

Status Replica::start() {
  RMQ_CHECK_OK(replication_->start());
  if (parts_.config.ha_listen_port == 0) parts_.config.ha_listen_port = replication_->port();
  slave_sync_.start();
  watch_.start();
  if (!membership_) return start_fixed_role();
  controllers_.start();
  roles_->start();
  return membership_->start();
}

Status Replica::start_fixed_role() {
  const auto& config = parts_.config;
  if (config.is_slave()) {
    const auto& address = config.ha_master_address;
    RMQ_CHECK_OK(replication_->become_classic_slave(address));
  } else {
    if (config.broker_role == "SYNC_MASTER" && config.in_sync_replicas <= 1) {
      log::warn("SYNC_MASTER with inSyncReplicas=1 waits for no replica, as the original");
    }
    RMQ_CHECK_OK(replication_->become_classic_master());
    // No journal here: the state is what the files said.
    parts_.schedule.start();
    parts_.config.role = Role::kMaster;
  }
  announce({.broker_id = config.broker_id, .address = config.broker_address(), .ha_address = config.ha_address()});
  return {};
}

void Replica::on_master_seen(const std::string& address, const std::string& ha_address) {
  if (membership_ || stopping_ || !parts_.config.is_slave() || address == parts_.config.broker_address()) return;
  slave_sync_.set_master(address);
  if (!parts_.config.ha_master_address.empty() || ha_address.empty()) return;
  fixed_follower_.post([this, ha_address] {
    if (stopping_) return;
    if (auto followed = replication_->become_classic_slave(ha_address); !followed) {
      log::warn("can't follow", {{"master", ha_address}, {"error", followed.error()}});
    }
  });
}

void Replica::start_master_services(std::int32_t epoch, std::function<void()> ready) {
  parts_.journal.become_master(epoch, std::move(ready));
  parts_.schedule.start();
}

void Replica::stop_master_services() {
  parts_.journal.become_replica();
  parts_.schedule.stop();
}

void Replica::disconnect_clients() {
  if (connections_) connections_->close_all();
}

void Replica::announce(const Announcement& announcement) {
  parts_.name_servers.announce(announcement);
}

void Replica::ask_ha_address(const std::string& master, std::function<void(std::string)> done) {
  protocol::Command request;
  request.code = ReplicationProcessor::kExchangeHaInfo;
  parts_.client.call(master, std::move(request), kHaAddressLimit, [done](const Result<protocol::Command>& answer) {
    if (!answer || answer->code != protocol::ResponseCode::kSuccess) return done({});
    const auto view = answer->view();
    done(std::string(view.ext("masterHaAddress")));
  });
}

replication::Progress Replica::progress() {
  const auto position = replication_->position();
  const auto status = replication_->status();
  return {position.epoch, position.end, status.confirmed, replication_->accepted_epoch()};
}

void Replica::hand_over() {
  if (!membership_ || !parts_.config.is_master()) return;
  const auto before = replication_->status();
  if (before.sync_set.size() < 2) return;
  const auto epoch = before.epoch;
  // While the log still takes it: what consumers committed since the last interval.
  if (auto flushed = parts_.journal.flush(kDrainLimit); !flushed) {
    log::warn("the last commits are not in the journal", {{"error", flushed.error()}});
  }
  if (auto drained = replication_->drain_for_handover(kDrainLimit); !drained) {
    log::warn("no hand-over: the others have not everything", {{"error", drained.error()}});
    return;
  }
  if (auto resigned = membership_->resign(epoch, kResignLimit); !resigned) {
    // A stock Controller knows no resignation; it elects when our connection closes, and all is there to be elected.
    log::info("no hand-over: the Controller lets nobody take over before the end", {{"error", resigned.error()}});
    return;
  }
  const bool over = roles_->await_handover(kHandoverLimit);
  log::info("handed over", {{"seen", over}});
}

void Replica::stop() {
  if (stopping_.exchange(true)) return;
  if (membership_) {
    membership_->stop();
    controllers_.stop();
    roles_->stop();
  }
  slave_sync_.stop();
  watch_.stop();
  fixed_follower_.stop();
  parts_.schedule.stop();
  parts_.journal.stop();
  replication_->stop();
}

}  // namespace rmq::broker
