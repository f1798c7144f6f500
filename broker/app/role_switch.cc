#include "broker/app/role_switch.h"

#include <pthread.h>

#include "common/base/log.h"

namespace rmq::broker {
namespace {

constexpr std::chrono::milliseconds kTick{50};
constexpr std::int64_t kAskAgainMs = 500;  // a master that is not reached: has it moved?
constexpr std::int64_t kAskAgainSoonMs =
    100;  // a master whose log's address is not known: it may be about to be master
constexpr std::int64_t kRetryMs = 500;

}  // namespace

RoleSwitch::RoleSwitch(BrokerConfig& config, RoleActions& actions, const Clock& clock)
    : config_(config), actions_(actions), clock_(clock) {}

RoleSwitch::~RoleSwitch() {
  stop();
}

void RoleSwitch::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "role");
}

void RoleSwitch::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void RoleSwitch::on_view(const replication::GroupView& view, replication::BrokerId own_id, std::int64_t lease_ms) {
  {
    std::lock_guard lock(mutex_);
    wanted_ = Decision{view, own_id, lease_ms};
  }
  changed_.notify_all();
}

void RoleSwitch::on_fenced(std::int32_t epoch) {
  {
    std::lock_guard lock(mutex_);
    fenced_ = std::max(fenced_.value_or(0), epoch);
  }
  changed_.notify_all();
}

bool RoleSwitch::await_handover(std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, limit, [this] { return !config_.is_master() || stopping_; });
}

void RoleSwitch::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    changed_.wait_for(lock, kTick, [this] { return stopping_ || wanted_ || fenced_ || ready_ || told_; });
    if (stopping_) return;
    const auto fenced = std::exchange(fenced_, std::nullopt);
    const auto wanted = std::exchange(wanted_, std::nullopt);
    const auto ready = std::exchange(ready_, std::nullopt);
    const auto told = std::exchange(told_, std::nullopt);
    lock.unlock();
    if (fenced && config_.is_master() && current_ && current_->view.master_epoch < *fenced) lose_mastership();
    if (wanted) carry_out(*wanted);
    if (!wanted && retry_ && clock_.monotonic_ms() >= retry_at_ms_) carry_out(*current_);
    if (ready) on_ready(*ready);
    if (told) {
      asking_ = false;
      const bool still = current_ && config_.is_slave() && current_->view.master_address == told->master;
      if (still && !told->address.empty() && told->address != ha_address_) {
        ha_address_ = told->address;
        follow();
      }
    }
    if (config_.is_slave() && current_) look_for_master();
    lock.lock();
  }
}

bool RoleSwitch::in_force(const Decision& decision) const {
  if (!current_ || retry_) return false;
  const auto role = decision.view.master == decision.own_id ? Role::kMaster : Role::kSlave;
  const bool has_role = role == Role::kMaster ? services_ : config_.is_slave();
  return has_role && current_->view.master_epoch == decision.view.master_epoch &&
         current_->view.master == decision.view.master && current_->view.master_address == decision.view.master_address;
}

void RoleSwitch::carry_out(const Decision& decision) {
  if (!decision.view.master) return;
  if (current_ && decision.view.master_epoch < current_->view.master_epoch) return;
  if (in_force(decision)) {
    current_ = decision;
    if (decision.view.master == decision.own_id) {
      actions_.set_sync_set(decision.view.sync_set, decision.view.set_epoch);
    }
    return;
  }
  current_ = decision;
  retry_ = false;
  if (decision.view.master == decision.own_id) {
    become_master(decision);
  } else {
    become_slave(decision);
  }
}

void RoleSwitch::set_role(Role role, std::int64_t broker_id) {
  {
    std::lock_guard lock(mutex_);
    config_.broker_id = broker_id;
    config_.role = role;
  }
  changed_.notify_all();
}

void RoleSwitch::become_master(const Decision& decision) {
  const auto& view = decision.view;
  log::info("becoming master", {{"epoch", view.master_epoch}, {"id", decision.own_id}});
  replication::MasterTerm term;
  term.epoch = view.master_epoch;
  term.own_id = decision.own_id;
  term.sync_set = view.sync_set;
  term.set_epoch = view.set_epoch;
  // No lease is granted by being elected: it begins with the first heartbeat that is answered.
  term.lease_ms = decision.lease_ms;
  term.lease_from_ms = clock_.monotonic_ms() - decision.lease_ms;
  if (auto led = actions_.lead(term); !led) {
    log::warn("can't become master", {{"epoch", view.master_epoch}, {"error", led.error()}});
    retry_later(led.error());
    return;
  }
  actions_.heartbeat_now();
  if (services_) actions_.stop_master_services();
  services_ = true;
  actions_.start_master_services(view.master_epoch, [this, epoch = view.master_epoch] {
    {
      std::lock_guard lock(mutex_);
      ready_ = epoch;
    }
    changed_.notify_all();
  });
  actions_.on_master({});
  const bool shared = !config_.master_address.empty() && config_.master_address != config_.broker_address();
  actions_.announce({.broker_id = 0,
                     .address = shared ? config_.master_address : config_.broker_address(),
                     .ha_address = config_.ha_address(),
                     .state_version = view.master_epoch,
                     .shared_address = shared});
}

// Not after a conflict: a newer epoch is known here, and the Controller will say so.
void RoleSwitch::retry_later(const Error& error) {
  retry_ = error.kind != ErrorKind::kConflict;
  retry_at_ms_ = clock_.monotonic_ms() + kRetryMs;
}

void RoleSwitch::on_ready(std::int32_t epoch) {
  const bool still = services_ && current_ && current_->view.master_epoch == epoch && !retry_;
  if (!still) return;
  clients_came_ = true;
  set_role(Role::kMaster, 0);
  log::info("master", {{"epoch", epoch}});
}

void RoleSwitch::lose_mastership() {
  log::info("no longer master: fenced", {{"epoch", current_->view.master_epoch}});
  set_role(Role::kUnknown, current_->own_id);
  if (std::exchange(services_, false)) actions_.stop_master_services();
}

void RoleSwitch::become_slave(const Decision& decision) {
  log::info("becoming slave", {{"epoch", decision.view.master_epoch},
                               {"id", decision.own_id},
                               {"master", *decision.view.master},
                               {"address", decision.view.master_address}});
  set_role(Role::kSlave, decision.own_id);
  ha_address_.clear();
  asking_ = false;
  ask_at_ms_ = 0;
  follow();
  if (std::exchange(services_, false)) actions_.stop_master_services();
  if (std::exchange(clients_came_, false)) actions_.disconnect_clients();
  actions_.on_master(decision.view.master_address);
  actions_.announce({.broker_id = decision.own_id,
                     .address = config_.broker_address(),
                     .ha_address = config_.ha_address(),
                     .state_version = decision.view.master_epoch});
}

void RoleSwitch::follow() {
  replication::SlaveTerm term;
  term.epoch = current_->view.master_epoch;
  term.own_id = current_->own_id;
  term.master_id = *current_->view.master;
  term.master_ha_address = ha_address_;
  if (auto followed = actions_.follow(term); !followed) {
    log::warn("can't follow", {{"epoch", term.epoch}, {"error", followed.error()}});
    retry_later(followed.error());
  }
}

// Asked until there is a connection: the master may have moved, or may not yet know that it is master.
void RoleSwitch::look_for_master() {
  const auto now = clock_.monotonic_ms();
  if (asking_ || now < ask_at_ms_ || (!ha_address_.empty() && actions_.connected_to_master())) return;
  asking_ = true;
  ask_at_ms_ = now + (ha_address_.empty() ? kAskAgainSoonMs : kAskAgainMs);
  actions_.ask_ha_address(current_->view.master_address,
                          [this, master = current_->view.master_address](std::string address) {
                            {
                              std::lock_guard lock(mutex_);
                              told_ = HaAddress{master, std::move(address)};
                            }
                            changed_.notify_all();
                          });
}

}  // namespace rmq::broker
