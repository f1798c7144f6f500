// Registration and unregistration: how brokers enter and leave the table.
#include <algorithm>
#include <unordered_set>

#include "namesrv/route_table.h"

namespace rmq::namesrv {

RegistrationOutcome RouteTable::register_broker(const Registration& registration, std::int64_t now_ms) {
  const auto& broker = registration.broker;
  auto* group = find_group(broker.name);
  RegistrationOutcome outcome;

  // A registration of a single topic (the broker's table changed by it) may follow a full one only. The original finds
  // out after it has made an empty group, which stays; here a refusal leaves nothing.
  bool id_known = group != nullptr && group->addresses.contains(broker.id);
  bool single_topic = registration.topics.size() == 1;
  if (group == nullptr && single_topic) {
    outcome.kind = RegistrationOutcome::Kind::kRefused;
    return outcome;
  }

  bool register_first = group == nullptr;
  if (group == nullptr) group = &make_group(broker);
  clusters_[std::string(broker.cluster)].emplace(broker.name);

  bool changed = register_first;
  auto zone = registration.zone ? std::optional<std::string>(*registration.zone) : std::nullopt;
  bool acting = registration.acting_master.value_or(false);
  changed = changed || group->zone != zone || group->acting_master != acting;
  group->zone = std::move(zone);
  group->acting_master = acting;

  bool min_id_changed = group->min_id() && broker.id < *group->min_id();

  // A slave that became master: first its old id leaves. One address has one id.
  changed =
      std::erase_if(group->addresses,
                    [&](const auto& item) { return item.second == broker.address && item.first != broker.id; }) > 0 ||
      changed;

  auto holder = group->addresses.find(broker.id);
  if (holder != group->addresses.end() && holder->second != broker.address) {
    auto* other = find_live(broker.cluster, holder->second);
    if (other != nullptr && other->version.state_version > registration.version.state_version) {
      if (auto* rejected = find_live(broker.cluster, broker.address)) forget_live(*rejected);
      if (changed) {
        encode_group(*group);
        group_changed(*group);
      }
      outcome.kind = RegistrationOutcome::Kind::kConflict;
      return outcome;
    }
  }
  id_known = group->addresses.contains(broker.id);
  if (!id_known && single_topic) {
    if (changed) {
      encode_group(*group);
      group_changed(*group);
    }
    outcome.kind = RegistrationOutcome::Kind::kRefused;
    return outcome;
  }

  auto& address = group->addresses[broker.id];
  register_first = register_first || address.empty();
  changed = changed || address != broker.address;
  address = broker.address;
  if (changed) {
    encode_group(*group);
    group_changed(*group);
  }

  auto* live = find_live(broker.cluster, broker.address);
  bool version_changed = register_first || live == nullptr || live->version != registration.version;
  bool is_master = broker.id == kMasterId;
  bool prime_slave = registration.acting_master.has_value() && !is_master && broker.id == *group->min_id();
  bool merges = is_master || prime_slave;
  if (merges) {
    merge_topics(registration, *group, version_changed, prime_slave);
    if (version_changed) merge_mappings(registration);
  }

  if (live == nullptr) {
    auto key = live_key(broker.cluster, broker.address);
    auto& slot = live_[key];
    slot = std::make_unique<Live>();
    live = slot.get();
    live->serial = next_serial_++;
    live->cluster = broker.cluster;
    live->address = broker.address;
    live->channel = registration.channel;
    live_by_serial_.emplace(live->serial, live);
    live_by_channel_.emplace(live->channel, live);
  }
  live->version = registration.version;
  keep_alive(registration, now_ms, *live);
  live->merged = merges;
  live->merged_as_master = is_master;
  live->merged_removals = group->removals;
  live->body_hash = registration.body_hash;

  outcome = outcome_for(registration, *group);
  if (min_id_changed) outcome.min_id_change = min_id_change(*group, std::nullopt, live->ha_address);
  return outcome;
}

bool RouteTable::is_known_body(const BrokerIdentity& broker, std::uint64_t body_hash) const {
  if (body_hash == 0) return false;
  auto* live = find_live(broker.cluster, broker.address);
  auto* group = find_group(broker.name);
  if (live == nullptr || group == nullptr || live->name != broker.name || live->body_hash != body_hash) return false;
  auto holder = group->addresses.find(broker.id);
  if (holder == group->addresses.end() || holder->second != broker.address) return false;
  if (broker.id != kMasterId && broker.id != *group->min_id()) return true;  // its topics don't count
  return live->merged && live->merged_removals == group->removals && live->merged_as_master == (broker.id == kMasterId);
}

RegistrationOutcome RouteTable::refresh_broker(const Registration& registration, std::int64_t now_ms) {
  auto* live = find_live(registration.broker.cluster, registration.broker.address);
  auto* group = find_group(registration.broker.name);
  clusters_[std::string(registration.broker.cluster)].emplace(registration.broker.name);
  auto zone = registration.zone ? std::optional<std::string>(*registration.zone) : std::nullopt;
  bool acting = registration.acting_master.value_or(false);
  if (group->zone != zone || group->acting_master != acting) {
    group->zone = std::move(zone);
    group->acting_master = acting;
    encode_group(*group);
    group_changed(*group);
  }
  keep_alive(registration, now_ms, *live);
  return outcome_for(registration, *group);
}

RegistrationOutcome RouteTable::outcome_for(const Registration& registration, const Group& group) const {
  RegistrationOutcome outcome;
  if (registration.broker.id == kMasterId) return outcome;
  auto master = group.addresses.find(kMasterId);
  if (master == group.addresses.end()) return outcome;
  if (auto* live = find_live(registration.broker.cluster, master->second)) {
    outcome.ha_address = live->ha_address;
    outcome.master_address = master->second;
  }
  return outcome;
}

void RouteTable::merge_topics(const Registration& registration, Group& group, bool version_changed, bool prime_slave) {
  auto group_index = index_of(group);
  if (options.delete_topics_with_registration && registration.mappings.empty()) {
    std::unordered_set<std::string_view> kept;
    kept.reserve(registration.topics.size());
    for (const auto& topic : registration.topics) kept.insert(topic.name);
    for (auto topic : topics_of(group_index)) {
      if (!kept.contains(topics_[topic]->name)) remove_entry(topic, group_index);
    }
  }
  bool wipe_write = prime_slave && group.acting_master;
  for (const auto& [name, shape] : registration.topics) {
    TopicIndex index;
    auto& topic = make_topic(name, &index);
    // Nothing new from this broker: only what it lost meanwhile comes back, permissions that were wiped stay wiped.
    if (!version_changed && find_entry(topic, group_index) != nullptr) continue;
    auto wanted = shape;
    if (wipe_write) wanted.perm = static_cast<std::int16_t>(wanted.perm & ~kPermWrite);
    if (set_entry(index, group_index, wanted)) on_topic_changed(topic.name);
  }
}

void RouteTable::merge_mappings(const Registration& registration) {
  for (const auto& mapping : registration.mappings) {
    auto it = topic_index_.find(mapping.topic);
    if (it == topic_index_.end()) continue;  // without queues nobody can ask for it
    auto& topic = *topics_[it->second];
    auto& known = topic.mappings[mapping.broker_name];
    if (known == mapping) continue;
    known = mapping;
    on_topic_changed(topic.name);
  }
}

MinIdChange RouteTable::min_id_change(const Group& group, std::optional<std::string> offline,
                                      std::optional<std::string> ha_address) {
  MinIdChange change;
  change.broker_name = group.name;
  change.min_id = *group.min_id();
  change.min_address = group.addresses.begin()->second;
  // After a loss all that remain are told, after a gain all but the new one.
  bool all = offline || group.addresses.size() == 1;
  for (const auto& [id, address] : group.addresses) {
    if (all || id != change.min_id) change.recipients.push_back(address);
  }
  change.offline_address = std::move(offline);
  change.ha_address = std::move(ha_address);
  return change;
}

std::vector<MinIdChange> RouteTable::unregister_brokers(const std::vector<BrokerIdentity>& brokers) {
  std::vector<MinIdChange> changes;
  for (const auto& broker : brokers) {
    if (auto* live = find_live(broker.cluster, broker.address)) forget_live(*live);
    auto it = group_index_.find(broker.name);
    if (it == group_index_.end()) continue;
    auto& group = *groups_[it->second];
    bool was_min = group.min_id() == std::optional(broker.id);
    bool removed = std::erase_if(group.addresses, [&](const auto& item) { return item.second == broker.address; }) > 0;
    if (group.addresses.empty()) {
      drop_group(it->second);
      continue;
    }
    if (removed) {
      encode_group(group);
      group_changed(group);
    }
    // The master is gone, a slave acts for it: nothing can be written until a master is back.
    if (group.acting_master && *group.min_id() > kMasterId) wipe_write_permission(group.name);
    if (was_min && removed && group.acting_master) {
      changes.push_back(min_id_change(group, std::string(broker.address), std::nullopt));
    }
  }
  return changes;
}

}  // namespace rmq::namesrv
