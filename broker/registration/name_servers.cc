#include "broker/registration/name_servers.h"

#include <pthread.h>

#include <algorithm>

#include "broker/registration/resolve.h"
#include "common/base/crc32.h"
#include "common/base/log.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers/namesrv.h"

namespace rmq::broker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLeastPeriod{10'000};
constexpr milliseconds kGreatestPeriod{60'000};
constexpr milliseconds kRetry{1'000};  // while no name server took it
constexpr milliseconds kLook{5'000};   // how soon a name server that came or moved is found
constexpr milliseconds kRound{6'000};  // how long one that doesn't answer keeps the others from their next registration
constexpr milliseconds kUnregisterLimit{3'000};

void tell_master(const protocol::Command& answer, const NameServers::MasterSeen& seen) {
  if (answer.code != protocol::ResponseCode::kSuccess) return;
  const auto command = answer.view();
  const auto header = protocol::decode_header<protocol::RegisterBrokerResponse>(command);
  if (header && !header->master_addr.empty())
    seen(std::string(header->master_addr), std::string(header->ha_server_addr));
}

}  // namespace

NameServers::NameServers(const BrokerConfig& config, remoting::Client& client, Body body, MasterSeen master_seen)
    : config_(config), client_(client), body_(std::move(body)), master_seen_(std::move(master_seen)) {}

NameServers::~NameServers() {
  stop();
}

void NameServers::start() {
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "registration");
}

void NameServers::announce(const Announcement& announcement) {
  {
    std::lock_guard lock(mutex_);
    if (announced_ == announcement) return;
    // A name server keeps one entry an address: the same address under another id takes the old one's place by itself.
    std::erase_if(stale_, [&](const Announcement& old) { return old.address == announcement.address; });
    if (announced_ && announced_->address != announcement.address && !announced_->shared_address) {
      stale_.push_back(*announced_);
    }
    announced_ = announcement;
    ++wanted_;
  }
  changed_.notify_all();
}

void NameServers::register_soon() {
  {
    std::lock_guard lock(mutex_);
    ++wanted_;
  }
  changed_.notify_all();
}

void NameServers::register_now(milliseconds limit) {
  std::unique_lock lock(mutex_);
  const auto mine = ++wanted_;
  changed_.notify_all();
  changed_.wait_for(lock, limit, [&] { return done_ >= mine || stopping_; });
}

std::vector<std::string> NameServers::addresses() const {
  std::lock_guard lock(mutex_);
  return addresses_;
}

void NameServers::run() {
  using Time = std::chrono::steady_clock;
  auto due = Time::now();
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    const auto round = wanted_;
    lock.unlock();
    const bool moved = resolve();
    const bool some_missed_it = registered_ < addresses_.size();
    if (moved || some_missed_it || round > done_ || Time::now() >= due) {
      register_all();
      due = Time::now() + std::clamp(milliseconds(config_.register_name_server_period), kLeastPeriod, kGreatestPeriod);
    }
    lock.lock();
    done_ = round;
    changed_.notify_all();
    const auto look = std::min(milliseconds(config_.update_name_server_addr_period), kLook);
    changed_.wait_for(lock, registered_ > 0 ? std::max(look, kRetry) : kRetry,
                      [&] { return stopping_ || wanted_ > done_; });
  }
}

// Looked up every few seconds, not every updateNamesrvAddrPeriod (two minutes) as Java does: in Kubernetes name servers
// come and move, and one that knows no broker tells clients that their topics don't exist. True if the answer changed.
bool NameServers::resolve() {
  auto found = resolve_addresses(resolver_, std::string(config_.namesrv_addr));
  if (!found) {
    if (!addresses_.empty()) log::warn("name servers cannot be looked up", {{"error", found.error()}});
    return false;
  }
  std::sort(found->begin(), found->end());  // a name's addresses come in any order
  std::lock_guard lock(mutex_);
  if (*found == addresses_) return false;
  std::string text;
  for (const auto& address : *found) text += (text.empty() ? "" : ";") + address;
  log::info("name servers", {{"addresses", text}});
  addresses_ = std::move(*found);
  return true;
}

void NameServers::register_all() {
  std::optional<Announcement> now;
  std::vector<Announcement> stale;
  {
    std::lock_guard lock(mutex_);
    now = announced_;
    stale.swap(stale_);
  }
  if (!now) return;
  const auto before = registered_.load();
  const auto taken = ask_all(registration(*now, body_()), milliseconds(config_.register_broker_timeout));
  registered_ = taken;
  if (taken > 0 && before == 0) {
    log::info("registered", {{"name_servers", taken}, {"address", now->address}, {"id", now->broker_id}});
  }
  for (const auto& old : stale) unregister(old, kUnregisterLimit);
}

protocol::Command NameServers::registration(const Announcement& now, protocol::RegisterBrokerBody body) const {
  body.topic_config.data_version.state_version = now.state_version;
  protocol::Command request;
  request.code = protocol::RequestCode::kRegisterBroker;
  auto compressed = config_.compressed_register ? protocol::compress_register_broker(body)
                                                : Result<std::string>(fail(ErrorKind::kUnsupported, "off"));
  request.body = compressed ? std::move(*compressed) : protocol::to_body(body);
  const std::string cluster = config_.broker_cluster_name;
  const std::string name = config_.broker_name;
  protocol::RegisterBrokerRequest header;
  header.broker_name = name;
  header.broker_addr = now.address;
  header.cluster_name = cluster;
  header.ha_server_addr = now.ha_address;
  header.broker_id = now.broker_id;
  header.compressed = compressed.has_value();
  header.body_crc32 = crc32_positive(request.body);
  protocol::set_header(request, header);
  return request;
}

std::size_t NameServers::ask_all(const protocol::Command& request, milliseconds limit) {
  struct Round {
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t open = 0;
    std::size_t good = 0;
  };
  const auto targets = addresses();
  auto round = std::make_shared<Round>();
  round->open = targets.size();
  for (const auto& address : targets) {
    // The round outlives this call if a name server is slow, this object does not: what it needs is in the round.
    client_.call(address, request, limit, [round, address, seen = master_seen_](Result<protocol::Command> answer) {
      if (!answer) {
        log::warn("name server does not answer", {{"address", address}, {"error", answer.error()}});
      } else if (answer->code != protocol::ResponseCode::kSuccess) {
        log::warn("name server refused", {{"address", address}, {"code", answer->code}, {"remark", answer->remark}});
      }
      if (answer && seen) tell_master(*answer, seen);
      std::lock_guard lock(round->mutex);
      --round->open;
      if (answer && answer->code == protocol::ResponseCode::kSuccess) ++round->good;
      round->changed.notify_all();
    });
  }
  std::unique_lock lock(round->mutex);
  round->changed.wait_for(lock, std::min(limit + limit / 2, kRound), [&] { return round->open == 0; });
  return round->good;
}

void NameServers::stop() {
  {
    std::lock_guard lock(mutex_);
    if (stopping_) return;
    stopping_ = true;
  }
  changed_.notify_all();
  if (!thread_.joinable()) return;
  thread_.join();
  if (announced_ && !announced_->shared_address) unregister(*announced_, kUnregisterLimit);
}

void NameServers::unregister(const Announcement& stale, milliseconds limit) {
  protocol::Command request;
  request.code = protocol::RequestCode::kUnregisterBroker;
  const std::string cluster = config_.broker_cluster_name;
  const std::string name = config_.broker_name;
  protocol::UnregisterBrokerRequest header;
  header.broker_name = name;
  header.broker_addr = stale.address;
  header.cluster_name = cluster;
  header.broker_id = stale.broker_id;
  protocol::set_header(request, header);
  ask_all(request, limit);
}

}  // namespace rmq::broker
