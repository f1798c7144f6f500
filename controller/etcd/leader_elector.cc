#include "controller/etcd/leader_elector.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "common/base/json.h"
#include "common/base/log.h"

namespace rmq::etcd {
namespace {

using std::chrono::milliseconds;

// A renewal must be able to fail twice before the lease ends.
ClientOptions bounded(ClientOptions options, std::chrono::seconds ttl) {
  const milliseconds third = milliseconds(ttl) / 3;
  options.call_timeout = std::min(options.call_timeout, third);
  options.connect_timeout = std::min(options.connect_timeout, third / 2);
  return options;
}

std::string text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

std::string leader_text(const std::string& id, const std::string& address) {
  return nlohmann::json{{"id", id}, {"address", address}}.dump();
}

LeaderRecord parse_leader(const std::string& value) {
  const auto document = parse_json(value);
  if (!document || !document->is_object()) return {};
  return {text_of(*document, "id"), text_of(*document, "address")};
}

LeaderElector::LeaderElector(LeaderElectorOptions options, LeaderCallbacks callbacks, const Clock& clock)
    : options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      clock_(clock),
      client_(bounded(options_.client, options_.ttl)) {}

LeaderElector::~LeaderElector() {
  stop();
}

void LeaderElector::start() {
  thread_ = std::thread([this] { run(); });
}

void LeaderElector::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool LeaderElector::is_leader() const {
  const std::lock_guard lock(mutex_);
  return lead_until_ms_ != 0 && clock_.monotonic_ms() < lead_until_ms_;
}

std::optional<Compare> LeaderElector::fence() const {
  const std::lock_guard lock(mutex_);
  if (lead_until_ms_ == 0 || clock_.monotonic_ms() >= lead_until_ms_) return std::nullopt;
  return Compare{options_.key, Compare::Target::kCreateRevision, create_revision_};
}

bool LeaderElector::wait(milliseconds time) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, time, [this] { return stopping_; });
}

void LeaderElector::run() {
  milliseconds pause{0};
  while (wait(pause)) pause = lease_ == 0 ? campaign() : renew();
  if (lease_ == 0) return;
  const auto lease = lease_;
  lose("stopping");
  // So that the next need not wait for the lease to run out.
  if (auto status = client_.revoke_lease(lease); !status) {
    log::warn("the leader's lease could not be given back", {{"error", status.error()}});
  }
}

milliseconds LeaderElector::campaign() {
  auto found = client_.get(options_.key);
  Status status = found ? Status{} : Status(fail(found.error()));
  if (found && found->mod_revision != 0) {
    see(found->value);
  } else if (found) {
    status = take();
  }
  if (!status && !failing_) log::warn("etcd does not answer as it should", {{"error", status.error()}});
  failing_ = !status;
  return lease_ != 0 ? milliseconds(options_.ttl) / 3 : options_.retry;
}

Status LeaderElector::take() {
  const auto begun = clock_.monotonic_ms();
  RMQ_TRY(const auto lease, client_.grant_lease(options_.ttl));
  const Compare free{options_.key, Compare::Target::kCreateRevision, 0};
  auto outcome = client_.put_if({free}, options_.key, leader_text(options_.id, options_.address), lease);
  if (!outcome || !outcome->succeeded) {
    // Also when the put was perhaps done: the key goes with its lease.
    const auto revoked = client_.revoke_lease(lease);
    if (!outcome) return fail(outcome.error());
    see(outcome->actual.value);
    return revoked;
  }
  lease_ = lease;
  seen_.reset();
  {
    const std::lock_guard lock(mutex_);
    create_revision_ = outcome->revision;
    lead_until_ms_ = begun + milliseconds(options_.ttl).count() * 9 / 10;
  }
  log::info("leading", {{"id", options_.id}, {"address", options_.address}});
  callbacks_.started_leading();
  return {};
}

milliseconds LeaderElector::renew() {
  const auto begun = clock_.monotonic_ms();
  const auto ttl = client_.keep_lease_alive(lease_);
  Result<KeyValue> held = ttl ? client_.get(options_.key) : Result<KeyValue>(fail(ttl.error()));
  if (held && (*ttl <= 0 || held->create_revision != create_revision_)) {
    lose("the lease has expired");
    return milliseconds(0);
  }
  if (held) {
    const auto lasts = std::min<std::int64_t>(*ttl * 1000, milliseconds(options_.ttl).count());
    const std::lock_guard lock(mutex_);
    lead_until_ms_ = begun + lasts * 9 / 10;
    failing_ = false;
    return milliseconds(options_.ttl) / 3;
  }
  if (!failing_) log::warn("the leader's lease was not renewed", {{"error", held.error()}});
  failing_ = true;
  if (!is_leader()) {
    lose("etcd can't be reached");
    return options_.retry;
  }
  return std::min(options_.retry, milliseconds(options_.ttl) / 10);
}

void LeaderElector::lose(const char* why) {
  lease_ = 0;
  {
    const std::lock_guard lock(mutex_);
    lead_until_ms_ = 0;
    create_revision_ = 0;
  }
  log::info("not leading any more", {{"id", options_.id}, {"because", why}});
  callbacks_.stopped_leading();
}

void LeaderElector::see(const std::string& value) {
  if (seen_ == value) return;
  seen_ = value;
  const auto leader = parse_leader(value);
  log::info("another leads", {{"id", leader.id}, {"address", leader.address}});
  callbacks_.leader_seen(leader.id, leader.address);
}

}  // namespace rmq::etcd
