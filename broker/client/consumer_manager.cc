#include "broker/client/consumer_manager.h"

#include <algorithm>

#include "common/base/log.h"

namespace rmq::broker {

ClientChannelPtr ConsumerGroup::find_client(std::string_view client_id) const {
  auto found = std::ranges::find_if(clients, [&](const auto& client) { return client->client_id == client_id; });
  return found == clients.end() ? nullptr : *found;
}

ClientChannelPtr ConsumerGroup::find_client(std::uint64_t connection_id) const {
  auto found =
      std::ranges::find_if(clients, [&](const auto& client) { return client->connection->id() == connection_id; });
  return found == clients.end() ? nullptr : *found;
}

void ConsumerManager::publish(const std::string& name, std::shared_ptr<const ConsumerGroup> group) {
  auto found = groups_.find(name);
  if (found != groups_.end()) remove_topics(*found->second);
  if (group == nullptr) {
    groups_.erase(name);
    fingerprints_.erase(name);
    published_.erase(name);
    return;
  }
  add_topics(*group);
  groups_.insert_or_assign(name, group);
  published_.put(name, std::move(group));
}

void ConsumerManager::add_topics(const ConsumerGroup& group) {
  for (const auto& [topic, subscription] : group.subscriptions) groups_by_topic_[topic].insert(group.name);
}

void ConsumerManager::remove_topics(const ConsumerGroup& group) {
  for (const auto& [topic, subscription] : group.subscriptions) {
    auto found = groups_by_topic_.find(topic);
    if (found == groups_by_topic_.end()) continue;
    found->second.erase(group.name);
    if (found->second.empty()) groups_by_topic_.erase(found);
  }
}

void ConsumerManager::changed(const ConsumerGroupPtr& group, bool notify) const {
  if (notify && on_change_ && group->message_model != protocol::MessageModel::kBroadcasting) on_change_(*group);
}

namespace {

// Takes over new topics and newer versions, drops topics that are not named any more. True if a topic came or went;
// `differs` also if only a version changed.
bool update_subscriptions(ConsumerGroup& group, const protocol::ConsumerData& data, bool& differs) {
  bool topics_changed = false;
  std::set<std::string_view> named;
  for (const auto& subscription : data.subscriptions) {
    named.insert(subscription.topic);
    auto& known = group.subscriptions[subscription.topic];
    if (known != nullptr && subscription.sub_version <= known->sub_version) continue;
    if (known == nullptr) topics_changed = true;
    known = std::make_shared<const protocol::SubscriptionData>(subscription);
    differs = true;
  }
  topics_changed |=
      std::erase_if(group.subscriptions, [&](const auto& entry) { return !named.contains(entry.first); }) > 0;
  differs |= topics_changed;
  return topics_changed;
}

}  // namespace

bool ConsumerManager::register_consumer(const protocol::ConsumerData& data, const ClientIdentity& client, bool notify,
                                        bool with_subscriptions) {
  std::int64_t now = clock_.monotonic_ms();
  ConsumerGroupPtr result;
  bool is_new_client = false;
  bool topics_changed = false;
  {
    std::lock_guard lock(mutex_);
    auto found = groups_.find(data.group_name);
    auto group =
        found == groups_.end() ? std::make_shared<ConsumerGroup>() : std::make_shared<ConsumerGroup>(*found->second);
    group->name = data.group_name;
    bool differs = found == groups_.end() || group->consume_type != data.consume_type ||
                   group->message_model != data.message_model || group->consume_from_where != data.consume_from_where;
    group->consume_type = data.consume_type;
    group->message_model = data.message_model;
    group->consume_from_where = data.consume_from_where;

    auto known = std::ranges::find_if(
        group->clients, [&](const auto& other) { return other->connection->id() == client.connection->id(); });
    if (known == group->clients.end()) {
      group->clients.push_back(
          std::make_shared<ClientChannel>(client.connection, client.client_id, client.language, client.version, now));
      is_new_client = true;
    } else if ((*known)->client_id != client.client_id) {
      log::warn("a consumer's connection changed its client id",
                {{"group", data.group_name}, {"was", (*known)->client_id}, {"is", client.client_id}});
      *known =
          std::make_shared<ClientChannel>(client.connection, client.client_id, client.language, client.version, now);
      differs = true;
    } else {
      (*known)->last_seen_ms = now;
    }
    if (with_subscriptions) topics_changed = update_subscriptions(*group, data, differs);
    if (!is_new_client && !differs) return false;  // the usual heartbeat changes nothing
    result = group;
    publish(data.group_name, std::move(group));
  }
  if (is_new_client || topics_changed) changed(result, notify);
  return is_new_client || topics_changed;
}

bool ConsumerManager::unregister_consumer(std::string_view name, std::uint64_t connection_id, bool notify) {
  ConsumerGroupPtr result;
  {
    std::lock_guard lock(mutex_);
    auto found = groups_.find(name);
    if (found == groups_.end()) return false;
    auto group = std::make_shared<ConsumerGroup>(*found->second);
    if (std::erase_if(group->clients, [&](const auto& client) { return client->connection->id() == connection_id; }) ==
        0) {
      return false;
    }
    result = group;
    publish(std::string(name), result->clients.empty() ? nullptr : result);
  }
  changed(result, notify);
  return true;
}

ClientChannelPtr ConsumerManager::find_client(std::string_view group, std::string_view client_id) const {
  auto found = find(group);
  return found == nullptr ? nullptr : found->find_client(client_id);
}

SubscriptionPtr ConsumerManager::find_subscription(std::string_view name, std::string_view topic) const {
  if (auto group = find(name)) {
    auto found = group->subscriptions.find(topic);
    // Shares the group's count, which is this thread's own, not the subscription's, which all threads share.
    if (found != group->subscriptions.end()) return SubscriptionPtr(std::move(group), found->second.get());
  }
  std::lock_guard lock(mutex_);
  auto group = remembered_.find(name);
  if (group == remembered_.end()) return nullptr;
  auto found = group->second.find(topic);
  return found == group->second.end() ? nullptr : found->second.subscription;
}

std::set<std::string> ConsumerManager::groups_of(std::string_view topic) const {
  std::lock_guard lock(mutex_);
  auto found = groups_by_topic_.find(topic);
  return found == groups_by_topic_.end() ? std::set<std::string>{} : found->second;
}

void ConsumerManager::remember_subscription(std::string_view group, const protocol::SubscriptionData& subscription) {
  auto copy = std::make_shared<const protocol::SubscriptionData>(subscription);
  std::lock_guard lock(mutex_);
  auto found = remembered_.find(group);
  if (found == remembered_.end())
    found = remembered_.emplace(std::string(group), std::map<std::string, Remembered, std::less<>>{}).first;
  found->second.insert_or_assign(subscription.topic, Remembered{std::move(copy), clock_.monotonic_ms()});
}

bool ConsumerManager::exchange_fingerprint(std::string_view group, std::int32_t fingerprint,
                                           bool without_subscriptions) {
  std::lock_guard lock(mutex_);
  auto known_group = groups_.find(group);
  bool lost = without_subscriptions && (known_group == groups_.end() || known_group->second->subscriptions.empty());
  auto found = fingerprints_.find(group);
  if (found == fingerprints_.end()) {
    fingerprints_.emplace(std::string(group), fingerprint);
    return lost;
  }
  return std::exchange(found->second, fingerprint) != fingerprint || lost;
}

std::vector<ClientChannelPtr> ConsumerManager::expire() {
  std::int64_t now = clock_.monotonic_ms();
  std::vector<ClientChannelPtr> expired;
  std::vector<ConsumerGroupPtr> told;
  {
    std::lock_guard lock(mutex_);
    auto is_expired = [&](const ClientChannelPtr& client) { return now - client->last_seen_ms > expiry_ms_; };
    std::vector<ConsumerGroupPtr> affected;
    for (const auto& [name, group] : groups_) {
      if (std::ranges::any_of(group->clients, is_expired)) affected.push_back(group);
    }
    for (const auto& old : affected) {
      auto group = std::make_shared<ConsumerGroup>(*old);
      std::erase_if(group->clients, [&](const ClientChannelPtr& client) {
        if (!is_expired(client)) return false;
        expired.push_back(client);
        return true;
      });
      publish(old->name, group->clients.empty() ? nullptr : group);
      told.push_back(std::move(group));
    }
    for (auto group = remembered_.begin(); group != remembered_.end();) {
      std::erase_if(group->second,
                    [&](const auto& entry) { return now - entry.second.since_ms > subscription_expiry_ms_; });
      group = group->second.empty() ? remembered_.erase(group) : std::next(group);
    }
  }
  for (const auto& group : told) changed(group, true);
  return expired;
}

}  // namespace rmq::broker
