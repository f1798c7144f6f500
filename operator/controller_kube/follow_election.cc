// What follows an election or a change of lag, on KubeControllers' workers.
#include "operator/build/names.h"
#include "operator/controller_kube/controller_entry.h"
#include "operator/kube/json_access.h"
#include "operator/reconcile/cluster/kinds.h"

namespace rmq::operator_ {

using kube::text_at;

Result<std::optional<std::chrono::milliseconds>> KubeControllers::work(const std::string& key) {
  const auto slash = key.rfind('/');
  auto entry = find(kube::parse_key(key.substr(0, slash)));
  if (!entry) return std::optional<std::chrono::milliseconds>();
  const auto group = key.substr(slash + 1);
  RMQ_CHECK_OK(follow_master(entry, group));
  return show_lag(entry, group);
}

// The same objects as the reconcile makes, only sooner.
Status KubeControllers::follow_master(const EntryPtr& entry, const std::string& group) {
  const auto cluster = entry->snapshot();
  std::string master;
  {
    std::lock_guard lock(entry->mutex);
    const auto& known = entry->groups[group];
    if (known.view.master.empty() || known.view.master == known.followed) return {};
    master = known.view.master;
  }
  const auto number = number_after_dash(group);
  const auto ordinal = number_after_dash(master);
  // Before the first pass has made them there is nothing to switch.
  if (number >= 0 && ordinal >= 0 && world_.find(kServices, {entry->key.ns, group})) {
    auto applied = world_.apply(kServices, broker_master_service(cluster, options_.defaults, number, ordinal));
    if (!applied) return fail(std::move(applied).error());
    for (const auto& pod : world_.select(kPods, entry->key.ns, broker_group_selector(cluster, number))) {
      const auto name = kube::key_of(*pod).name;
      const auto* role = name == master ? "master" : "slave";
      if (text_at(*pod, {"metadata", "labels", kRoleLabel}) == role) continue;
      auto patched = world_.patch(kPods, {entry->key.ns, name},
                                  {{"metadata", {{"labels", {{std::string(kRoleLabel), role}}}}}}, {});
      if (!patched && patched.error().kind != ErrorKind::kNotFound) return fail(std::move(patched).error());
    }
  }
  {
    std::lock_guard lock(entry->mutex);
    entry->groups[group].followed = master;
  }
  notify_(entry->key.text());
  return {};
}

std::optional<std::chrono::milliseconds> KubeControllers::show_lag(const EntryPtr& entry, const std::string& group) {
  std::string lag;
  {
    std::lock_guard lock(entry->mutex);
    auto& known = entry->groups[group];
    if (known.lag == known.written_lag || known.lag.empty()) return std::nullopt;
    const auto wait = known.lag_written_ms + kLagPeriodMs - clock_.monotonic_ms();
    if (wait > 0) return std::chrono::milliseconds(wait);
    known.lag_written_ms = clock_.monotonic_ms();
    known.written_lag = known.lag;
    lag = known.lag;
  }
  const std::weak_ptr<Entry> weak = entry;
  entry->store->write_lag(group, lag, [weak, group](const Status& written) {
    auto self = weak.lock();
    if (!self || written) return;
    std::lock_guard lock(self->mutex);
    self->groups[group].written_lag.clear();  // the next change of anything tries again
  });
  return std::nullopt;
}

}  // namespace rmq::operator_
