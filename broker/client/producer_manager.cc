#include "broker/client/producer_manager.h"

#include <algorithm>

namespace rmq::broker {

bool ProducerManager::register_producer(std::string_view group, const ClientIdentity& client) {
  std::int64_t now = clock_.monotonic_ms();
  std::lock_guard lock(mutex_);
  auto found = groups_.find(group);
  if (found == groups_.end()) found = groups_.emplace(std::string(group), Clients{}).first;
  for (const auto& known : found->second) {
    if (known->connection->id() != client.connection->id()) continue;
    known->last_seen_ms = now;
    return false;
  }
  found->second.push_back(
      std::make_shared<ClientChannel>(client.connection, client.client_id, client.language, client.version, now));
  ById& entry = by_client_id_[client.client_id];
  if (entry.connection == nullptr || entry.connection->id() != client.connection->id())
    entry = ById{client.connection, 0};
  ++entry.groups;
  return true;
}

void ProducerManager::forget_client(const ClientChannel& client) {
  auto found = by_client_id_.find(client.client_id);
  // The id may belong to a newer connection of the same client by now.
  if (found == by_client_id_.end() || found->second.connection->id() != client.connection->id()) return;
  if (--found->second.groups == 0) by_client_id_.erase(found);
}

void ProducerManager::remove(std::string_view group, const std::function<bool(const ClientChannel&)>& wanted,
                             Clients* removed) {
  auto found = groups_.find(group);
  if (found == groups_.end()) return;
  Clients gone;
  std::erase_if(found->second, [&](const ClientChannelPtr& client) {
    if (!wanted(*client)) return false;
    gone.push_back(client);
    return true;
  });
  if (found->second.empty()) groups_.erase(found);
  for (const auto& client : gone) forget_client(*client);
  if (removed != nullptr) removed->insert(removed->end(), gone.begin(), gone.end());
}

void ProducerManager::unregister_producer(std::string_view group, const remoting::ConnectionPtr& connection) {
  connection_closed(group, connection->id());
}

void ProducerManager::connection_closed(std::string_view group, std::uint64_t connection_id) {
  std::lock_guard lock(mutex_);
  remove(
      group, [&](const ClientChannel& client) { return client.connection->id() == connection_id; }, nullptr);
}

remoting::ConnectionPtr ProducerManager::pick(std::string_view group) {
  std::lock_guard lock(mutex_);
  auto found = groups_.find(group);
  if (found == groups_.end()) return nullptr;
  const Clients& clients = found->second;
  std::size_t start = next_.fetch_add(1, std::memory_order_relaxed);
  for (std::size_t i = 0; i < clients.size(); ++i) {
    const auto& client = clients[(start + i) % clients.size()];
    if (client->connection->is_open()) return client->connection;
  }
  return nullptr;
}

remoting::ConnectionPtr ProducerManager::find(std::string_view client_id) const {
  std::lock_guard lock(mutex_);
  auto found = by_client_id_.find(client_id);
  return found == by_client_id_.end() ? nullptr : found->second.connection;
}

std::vector<ClientChannelPtr> ProducerManager::clients(std::string_view group) const {
  std::lock_guard lock(mutex_);
  auto found = groups_.find(group);
  return found == groups_.end() ? Clients{} : found->second;
}

std::map<std::string, std::vector<ClientChannelPtr>> ProducerManager::all() const {
  std::lock_guard lock(mutex_);
  return {groups_.begin(), groups_.end()};
}

std::size_t ProducerManager::group_count() const {
  std::lock_guard lock(mutex_);
  return groups_.size();
}

std::vector<ClientChannelPtr> ProducerManager::expire() {
  std::int64_t oldest = clock_.monotonic_ms() - expiry_ms_;
  std::vector<ClientChannelPtr> expired;
  std::lock_guard lock(mutex_);
  std::vector<std::string> groups;
  for (const auto& [group, clients] : groups_) {
    if (std::ranges::any_of(clients, [&](const auto& client) { return client->last_seen_ms < oldest; })) {
      groups.push_back(group);
    }
  }
  for (const auto& group : groups) {
    remove(
        group, [&](const ClientChannel& client) { return client.last_seen_ms < oldest; }, &expired);
  }
  return expired;
}

}  // namespace rmq::broker
