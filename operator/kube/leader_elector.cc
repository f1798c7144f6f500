#include "operator/kube/leader_elector.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "common/base/log.h"

namespace rmq::kube {

using nlohmann::json;
using std::chrono::milliseconds;

const ResourceKind kLeaseKind{"coordination.k8s.io", "v1", "leases", "Lease"};

LeaderElector::LeaderElector(Client& client, LeaderElectorOptions options, LeaderCallbacks callbacks)
    : client_(client),
      options_(std::move(options)),
      callbacks_(std::move(callbacks)),
      clock_(client.server().clock()),
      rules_(options_.identity, options_.times) {}

LeaderElector::~LeaderElector() {
  stop();
}

void LeaderElector::start() {
  std::lock_guard lock(mutex_);
  if (thread_.joinable() || stopping_) return;
  thread_ = std::thread([this] { run(); });
}

void LeaderElector::stop() {
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool LeaderElector::is_leader() const {
  std::lock_guard lock(mutex_);
  return rules_.leads(clock_.monotonic_ms());
}

std::string LeaderElector::holder() const {
  std::lock_guard lock(mutex_);
  return rules_.holder();
}

void LeaderElector::run() {
  for (;;) {
    try_once();
    settle();
    std::unique_lock lock(mutex_);
    if (changed_.wait_for(lock, pause(), [this] { return stopping_; })) break;
    lock.unlock();
    settle();
  }
  release();
}

// Calls back when leading has begun or ended since the last look.
void LeaderElector::settle() {
  bool leads;
  {
    std::lock_guard lock(mutex_);
    leads = rules_.leads(clock_.monotonic_ms());
    if (!leads) rules_.lost();
    if (leads == announced_) return;
    announced_ = leads;
  }
  log::info(leads ? "leading" : "no longer leading",
            {{"lease", options_.lease.text()}, {"identity", options_.identity}});
  const auto& callback = leads ? callbacks_.started_leading : callbacks_.stopped_leading;
  if (callback) callback();
}

// A leader wakes in time to step down; the next try is at most retry_ms away.
milliseconds LeaderElector::pause() const {
  auto out = options_.times.retry_ms;
  if (const auto until = rules_.leading_until()) {
    out = std::clamp<std::int64_t>(*until - clock_.monotonic_ms(), 1, out);
  }
  return milliseconds(out);
}

milliseconds LeaderElector::request_timeout() const {
  std::lock_guard lock(mutex_);
  auto out = options_.times.renew_deadline_ms / 2;
  if (const auto until = rules_.leading_until()) {
    out = std::clamp<std::int64_t>(*until - clock_.monotonic_ms(), 100, out);
  }
  return milliseconds(out);
}

void LeaderElector::try_once() {
  const auto note = [this](const Error& error) {
    std::lock_guard lock(mutex_);
    if (failing_ || error.kind == ErrorKind::kConflict) return;
    failing_ = true;
    log::warn("lease", {{"lease", options_.lease.text()}, {"error", error}});
  };
  auto lease = client_.get(kLeaseKind, options_.lease, request_timeout());
  if (!lease && lease.error().kind != ErrorKind::kNotFound) return note(lease.error());
  const bool exists = lease.has_value();

  LeaseRecord claim;
  {
    std::lock_guard lock(mutex_);
    const auto now = clock_.monotonic_ms();
    rules_.observed(exists ? read_lease(*lease) : LeaseRecord{}, now);
    if (!rules_.may_take(now)) {
      failing_ = false;
      return;
    }
    claim = rules_.claim(clock_.wall_ms());
  }
  if (!exists) {
    lease = json{{"apiVersion", kLeaseKind.api_version()},
                 {"kind", kLeaseKind.kind},
                 {"metadata", {{"namespace", options_.lease.ns}, {"name", options_.lease.name}}}};
    claim.transitions = 0;
  }
  write_lease(*lease, claim);
  const auto begun = clock_.monotonic_ms();
  // The object carries its resourceVersion: whoever else wrote meanwhile makes this a conflict.
  auto written = exists ? client_.replace(kLeaseKind, *lease, {}, request_timeout())
                        : client_.create(kLeaseKind, *lease, request_timeout());
  if (!written) return note(written.error());
  std::lock_guard lock(mutex_);
  failing_ = false;
  rules_.claimed(read_lease(*written), begun, clock_.monotonic_ms());
}

void LeaderElector::release() {
  bool held;
  {
    std::lock_guard lock(mutex_);
    held = rules_.leads(clock_.monotonic_ms());
  }
  // First everything that needs leadership stops; only then may another begin.
  if (announced_) {
    announced_ = false;
    if (callbacks_.stopped_leading) callbacks_.stopped_leading();
  }
  std::optional<LeaseRecord> record;
  {
    std::lock_guard lock(mutex_);
    record = rules_.release(clock_.wall_ms());
    rules_.lost();
  }
  if (!held || !record) return;
  auto lease = client_.get(kLeaseKind, options_.lease, milliseconds(3'000));
  if (!lease || read_lease(*lease).holder != options_.identity) return;
  write_lease(*lease, *record);
  if (auto written = client_.replace(kLeaseKind, *lease, {}, milliseconds(3'000)); !written) {
    log::warn("the lease was not released", {{"error", written.error()}});
  }
}

}  // namespace rmq::kube
