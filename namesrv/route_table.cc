#include "namesrv/route_table.h"

#include <algorithm>
#include <unordered_set>

#include "common/base/json.h"

namespace rmq::namesrv {
namespace {

std::int16_t without_write(std::int16_t perm) {
  return static_cast<std::int16_t>(perm & ~kPermWrite);
}

}  // namespace

// ---- lookups

std::string RouteTable::live_key(std::string_view cluster, std::string_view address) {
  std::string key;
  key.reserve(cluster.size() + address.size() + 1);
  key += cluster;
  key += '\0';
  key += address;
  return key;
}

RouteTable::Live* RouteTable::find_live(std::string_view cluster, std::string_view address) const {
  auto it = live_.find(live_key(cluster, address));
  return it == live_.end() ? nullptr : it->second.get();
}

RouteTable::Group* RouteTable::find_group(std::string_view name) const {
  auto it = group_index_.find(name);
  return it == group_index_.end() ? nullptr : groups_[it->second].get();
}

RouteTable::Entry* RouteTable::find_entry(Topic& topic, GroupIndex group) const {
  auto it = std::lower_bound(topic.entries.begin(), topic.entries.end(), group,
                             [](const Entry& entry, GroupIndex index) { return entry.group < index; });
  return it != topic.entries.end() && it->group == group ? &*it : nullptr;
}

std::vector<RouteTable::TopicIndex> RouteTable::topics_of(GroupIndex index) const {
  std::vector<TopicIndex> result;
  const auto& group = *groups_[index];
  result.reserve(group.topics.size());
  for (auto topic : group.topics) {
    if (topics_[topic] && find_entry(*topics_[topic], index) != nullptr) result.push_back(topic);
  }
  if (result.size() != group.topic_count) {
    std::sort(result.begin(), result.end());
    result.erase(std::unique(result.begin(), result.end()), result.end());
  }
  return result;
}

// ---- groups

RouteTable::Group& RouteTable::make_group(const BrokerIdentity& broker) {
  GroupIndex index;
  if (free_groups_.empty()) {
    index = static_cast<GroupIndex>(groups_.size());
    groups_.emplace_back();
  } else {
    index = free_groups_.back();
    free_groups_.pop_back();
  }
  groups_[index] = std::make_unique<Group>();
  auto& group = *groups_[index];
  group.name = broker.name;
  group.cluster = broker.cluster;
  group.queue_prefix = "{\"brokerName\":";
  append_json_string(group.queue_prefix, group.name);
  group.queue_prefix += ",\"perm\":";
  group_index_.emplace(group.name, index);
  return group;
}

void RouteTable::drop_group(GroupIndex index) {
  for (auto topic : topics_of(index)) remove_entry(topic, index);
  auto& group = *groups_[index];
  // The original takes the name from the unregistering broker's cluster only, and leaves it behind in others.
  for (auto it = clusters_.begin(); it != clusters_.end();) {
    it->second.erase(group.name);
    it = it->second.empty() ? clusters_.erase(it) : std::next(it);
  }
  group_index_.erase(group.name);
  groups_[index].reset();
  free_groups_.push_back(index);
}

void RouteTable::group_changed(const Group& group) {
  for (auto topic : topics_of(index_of(group))) on_topic_changed(topics_[topic]->name);
}

// ---- topics

RouteTable::Topic& RouteTable::make_topic(std::string_view name, TopicIndex* index) {
  auto it = topic_index_.find(name);
  if (it != topic_index_.end()) {
    *index = it->second;
    return *topics_[*index];
  }
  if (free_topics_.empty()) {
    *index = static_cast<TopicIndex>(topics_.size());
    topics_.emplace_back();
  } else {
    *index = free_topics_.back();
    free_topics_.pop_back();
  }
  topics_[*index] = std::make_unique<Topic>();
  auto& topic = *topics_[*index];
  topic.name = name;
  topic_index_.emplace(topic.name, *index);
  return topic;
}

void RouteTable::drop_topic_if_empty(TopicIndex index) {
  auto& topic = *topics_[index];
  if (!topic.entries.empty()) return;
  // The original keeps the queue mappings of topics that are gone for ever; they come again with the brokers.
  topic_index_.erase(topic.name);
  topics_[index].reset();
  free_topics_.push_back(index);
}

bool RouteTable::set_entry(TopicIndex topic_index, GroupIndex group_index, const QueueShape& shape) {
  auto& entries = topics_[topic_index]->entries;
  auto it = std::lower_bound(entries.begin(), entries.end(), group_index,
                             [](const Entry& entry, GroupIndex index) { return entry.group < index; });
  if (it != entries.end() && it->group == group_index) {
    if (it->shape == shape) return false;
    it->shape = shape;
    return true;
  }
  entries.insert(it, Entry{group_index, shape});
  ++entry_count_;
  auto& group = *groups_[group_index];
  ++group.topic_count;
  group.topics.push_back(topic_index);
  if (group.topics.size() > 2UL * group.topic_count + 16) group.topics = topics_of(group_index);
  return true;
}

bool RouteTable::remove_entry(TopicIndex topic_index, GroupIndex group_index) {
  auto& topic = *topics_[topic_index];
  auto* entry = find_entry(topic, group_index);
  if (entry == nullptr) return false;
  on_topic_changed(topic.name);
  topic.entries.erase(topic.entries.begin() + (entry - topic.entries.data()));
  --entry_count_;
  auto& group = *groups_[group_index];
  --group.topic_count;
  ++group.removals;
  drop_topic_if_empty(topic_index);
  return true;
}

bool RouteTable::register_topic(std::string_view name, const std::vector<NamedShape>& shapes) {
  // The original applies what comes before the first unknown broker if the topic exists; here it is all or nothing.
  if (shapes.empty()) return false;
  for (const auto& shape : shapes) {
    if (find_group(shape.broker_name) == nullptr) return false;
  }
  TopicIndex index;
  make_topic(name, &index);
  for (const auto& shape : shapes) set_entry(index, group_index_.find(shape.broker_name)->second, shape.shape);
  on_topic_changed(name);
  return true;
}

void RouteTable::delete_topic(std::string_view name) {
  auto it = topic_index_.find(name);
  if (it == topic_index_.end()) return;
  auto index = it->second;
  auto entries = topics_[index]->entries;
  for (const auto& entry : entries) remove_entry(index, entry.group);
}

void RouteTable::delete_topic(std::string_view name, std::string_view cluster) {
  auto it = topic_index_.find(name);
  auto brokers = clusters_.find(cluster);
  if (it == topic_index_.end() || brokers == clusters_.end()) return;
  auto index = it->second;
  auto entries = topics_[index]->entries;
  for (const auto& entry : entries) {
    if (brokers->second.contains(groups_[entry.group]->name)) remove_entry(index, entry.group);
  }
}

int RouteTable::set_permission(std::string_view broker_name, const std::function<std::int16_t(std::int16_t)>& rule) {
  auto it = group_index_.find(broker_name);
  if (it == group_index_.end()) return 0;
  auto topics = topics_of(it->second);
  for (auto topic : topics) {
    auto& perm = find_entry(*topics_[topic], it->second)->shape.perm;
    auto wanted = rule(perm);
    if (wanted == perm) continue;
    perm = wanted;
    on_topic_changed(topics_[topic]->name);
  }
  return static_cast<int>(topics.size());
}

int RouteTable::wipe_write_permission(std::string_view broker_name) {
  return set_permission(broker_name, without_write);
}
int RouteTable::add_write_permission(std::string_view broker_name) {
  return set_permission(broker_name, [](std::int16_t) { return static_cast<std::int16_t>(kPermRead | kPermWrite); });
}

// ---- liveness

void RouteTable::touch(std::string_view cluster, std::string_view address, std::int64_t now_ms) const {
  if (auto* live = find_live(cluster, address)) live->last_update_ms.store(now_ms, std::memory_order_relaxed);
}

std::optional<DataVersion> RouteTable::data_version(std::string_view cluster, std::string_view address) const {
  auto* live = find_live(cluster, address);
  return live == nullptr ? std::nullopt : std::optional(live->version);
}

void RouteTable::keep_alive(const Registration& registration, std::int64_t now_ms, Live& live) {
  live.name = registration.broker.name;
  live.last_update_ms = now_ms;
  live.timeout_ms = std::clamp<std::int64_t>(registration.timeout_ms, 0, kMaxBrokerTimeoutMs);
  live.ha_address = registration.ha_address;
  if (live.channel != registration.channel) {
    auto [first, last] = live_by_channel_.equal_range(live.channel);
    for (auto it = first; it != last; ++it) {
      if (it->second == &live) {
        live_by_channel_.erase(it);
        break;
      }
    }
    live.channel = registration.channel;
    live_by_channel_.emplace(live.channel, &live);
  }
  // A broker's deadline only moves away as it keeps reporting: its one entry is looked at again when it comes up.
  auto deadline = now_ms + live.timeout_ms + 1;
  if (live.scheduled_ms == 0 || deadline < live.scheduled_ms) {
    live.scheduled_ms = deadline;
    deadlines_.push({deadline, live.serial});
  }
  if (registration.filter_servers) {
    if (live.filter_servers.empty() != registration.filter_servers->empty()) {
      registration.filter_servers->empty() ? --filter_server_brokers_ : ++filter_server_brokers_;
    }
    if (live.filter_servers != *registration.filter_servers) {
      live.filter_servers = *registration.filter_servers;
      if (auto* group = find_group(registration.broker.name)) group_changed(*group);
    }
  }
}

void RouteTable::forget_live(Live& live) {
  auto [first, last] = live_by_channel_.equal_range(live.channel);
  for (auto it = first; it != last; ++it) {
    if (it->second == &live) {
      live_by_channel_.erase(it);
      break;
    }
  }
  if (!live.filter_servers.empty()) --filter_server_brokers_;
  live_by_serial_.erase(live.serial);
  live_.erase(live_key(live.cluster, live.address));
}

std::optional<std::int64_t> RouteTable::next_deadline() const {
  return deadlines_.empty() ? std::nullopt : std::optional(deadlines_.top().at_ms);
}

std::vector<RouteTable::Gone> RouteTable::expired(std::int64_t now_ms) {
  std::vector<Gone> gone;
  while (!deadlines_.empty() && deadlines_.top().at_ms <= now_ms) {
    auto deadline = deadlines_.top();
    deadlines_.pop();
    auto it = live_by_serial_.find(deadline.serial);
    if (it == live_by_serial_.end() || it->second->scheduled_ms != deadline.at_ms) continue;
    auto& live = *it->second;
    auto actual = live.last_update_ms + live.timeout_ms + 1;
    live.scheduled_ms = actual <= now_ms ? 0 : actual;
    if (actual > now_ms) {
      deadlines_.push({actual, live.serial});
      continue;
    }
    Gone broker{live.cluster, live.address, live.name, 0, live.channel, false};
    if (auto* group = find_group(live.name)) {
      for (const auto& [id, address] : group->addresses) {
        if (address != live.address) continue;
        broker.id = id;
        broker.in_group = true;
      }
    }
    gone.push_back(std::move(broker));
  }
  return gone;
}

std::vector<RouteTable::Gone> RouteTable::brokers_of_channel(std::uint64_t channel) const {
  std::vector<Gone> gone;
  auto [first, last] = live_by_channel_.equal_range(channel);
  for (auto it = first; it != last; ++it) {
    const auto& live = *it->second;
    Gone broker{live.cluster, live.address, live.name, 0, live.channel, false};
    if (auto* group = find_group(live.name)) {
      for (const auto& [id, address] : group->addresses) {
        if (address != live.address) continue;
        broker.id = id;
        broker.in_group = true;
      }
    }
    gone.push_back(std::move(broker));
  }
  return gone;
}

// ---- what may be asked

std::vector<std::string_view> RouteTable::topics() const {
  std::vector<std::string_view> names;
  names.reserve(topic_index_.size());
  for (const auto& [name, index] : topic_index_) names.push_back(name);
  return names;
}

std::vector<std::string_view> RouteTable::topics_of_cluster(std::string_view cluster) const {
  auto it = clusters_.find(cluster);
  if (it == clusters_.end()) return {};
  std::unordered_set<std::string_view> names;
  for (const auto& broker : it->second) {
    auto group = group_index_.find(broker);
    if (group == group_index_.end()) continue;
    for (auto topic : topics_of(group->second)) names.insert(topics_[topic]->name);
  }
  return {names.begin(), names.end()};
}

std::vector<std::string_view> RouteTable::topics_by_flags(int set, int clear) const {
  std::vector<std::string_view> names;
  for (const auto& topic : topics_) {
    if (!topic || topic->entries.empty()) continue;
    auto flags = topic->entries.front().shape.sys_flag;
    if ((flags & set) == set && (flags & clear) == 0) names.push_back(topic->name);
  }
  return names;
}

std::vector<std::string_view> RouteTable::clusters_and_brokers() const {
  std::set<std::string_view> names;
  for (const auto& [cluster, brokers] : clusters_) {
    names.insert(cluster);
    names.insert(brokers.begin(), brokers.end());
  }
  return {names.begin(), names.end()};
}

std::string_view RouteTable::any_broker_address() const {
  for (const auto& group : groups_) {
    if (group && !group->addresses.empty()) return group->addresses.begin()->second;
  }
  return {};
}

RouteTable::Counts RouteTable::counts() const {
  return {topic_index_.size(), entry_count_, group_index_.size(), live_.size(), clusters_.size()};
}

}  // namespace rmq::namesrv
