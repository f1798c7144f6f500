#include "broker/client/clients.h"

#include <set>
#include <unordered_map>

#include "common/base/log.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers/client.h"

namespace rmq::broker {

struct Clients::Core : std::enable_shared_from_this<Clients::Core> {
  Core(const BrokerConfig& broker_config, const Clock& clock)
      : config(broker_config),
        consumers(clock, broker_config.channel_expired_timeout, broker_config.subscription_expired_timeout),
        producers(clock, broker_config.channel_expired_timeout),
        locks(clock) {}

  struct Groups {
    std::set<std::string, std::less<>> consumer;
    std::set<std::string, std::less<>> producer;
  };

  void watch(const remoting::ConnectionPtr& connection, std::string_view group,
             std::set<std::string, std::less<>> Groups::*kind) {
    bool first = false;
    {
      std::lock_guard lock(mutex);
      auto [entry, added] = by_connection.try_emplace(connection->id());
      (entry->second.*kind).emplace(group);
      first = added;
    }
    if (!first) return;
    connection->on_close([weak = weak_from_this(), id = connection->id()] {
      if (auto self = weak.lock()) self->closed(id);
    });
  }

  void closed(std::uint64_t connection_id) {
    Groups groups;
    {
      std::lock_guard lock(mutex);
      auto node = by_connection.extract(connection_id);
      if (node.empty()) return;
      groups = std::move(node.mapped());
    }
    for (const auto& group : groups.consumer) consumers.unregister_consumer(group, connection_id, true);
    for (const auto& group : groups.producer) producers.connection_closed(group, connection_id);
  }

  void notify(const ConsumerGroup& group) {
    if (!config.notify_consumer_ids_changed_enable) return;
    if (config.real_time_notify_consumer_change) {
      send_change(group);
    } else {
      std::lock_guard lock(mutex);
      held_back.insert(group.name);
    }
  }

  static void send_change(const ConsumerGroup& group) {
    for (const auto& client : group.clients) {
      protocol::Command change;
      change.code = protocol::RequestCode::kNotifyConsumerIdsChanged;
      protocol::set_header(change, protocol::NotifyConsumerIdsChangedRequest{.consumer_group = group.name});
      client->connection->oneway(std::move(change));
    }
  }

  const BrokerConfig& config;
  ConsumerManager consumers;
  ProducerManager producers;
  QueueLocks locks;
  std::mutex mutex;
  std::unordered_map<std::uint64_t, Groups> by_connection;
  std::set<std::string> held_back;
};

Clients::Clients(const BrokerConfig& config, const Clock& clock) : core_(std::make_shared<Core>(config, clock)) {
  core_->consumers.on_change([core = core_.get()](const ConsumerGroup& group) { core->notify(group); });
}

Clients::~Clients() = default;

const ConsumerManager& Clients::consumers() const {
  return core_->consumers;
}
ConsumerManager& Clients::consumers() {
  return core_->consumers;
}
ProducerManager& Clients::producers() {
  return core_->producers;
}
QueueLocks& Clients::locks() {
  return core_->locks;
}

bool Clients::register_consumer(const protocol::ConsumerData& data, const ClientIdentity& client, bool notify,
                                bool with_subscriptions) {
  core_->watch(client.connection, data.group_name, &Core::Groups::consumer);
  bool changed = core_->consumers.register_consumer(data, client, notify, with_subscriptions);
  // It may have closed between the two: then nobody else would take the member out.
  if (!client.connection->is_open()) {
    core_->consumers.unregister_consumer(data.group_name, client.connection->id(), notify);
  }
  return changed;
}

void Clients::register_producer(std::string_view group, const ClientIdentity& client) {
  core_->watch(client.connection, group, &Core::Groups::producer);
  core_->producers.register_producer(group, client);
  if (!client.connection->is_open()) core_->producers.connection_closed(group, client.connection->id());
}

void Clients::unregister_consumer(std::string_view group, const remoting::ConnectionPtr& connection, bool notify) {
  core_->consumers.unregister_consumer(group, connection->id(), notify);
}

void Clients::unregister_producer(std::string_view group, const remoting::ConnectionPtr& connection) {
  core_->producers.unregister_producer(group, connection);
}

void Clients::housekeeping() {
  auto close_all = [](const std::vector<ClientChannelPtr>& expired, std::string_view kind) {
    for (const auto& client : expired) {
      log::info("client expired",
                {{"kind", kind}, {"client", client->client_id}, {"address", client->connection->remote_address()}});
      client->connection->close();
    }
  };
  close_all(core_->consumers.expire(), "consumer");
  close_all(core_->producers.expire(), "producer");
  core_->locks.forget_expired();

  std::set<std::string> held_back;
  {
    std::lock_guard lock(core_->mutex);
    held_back.swap(core_->held_back);
  }
  for (const auto& name : held_back) {
    if (auto group = core_->consumers.find(name)) Core::send_change(*group);
  }
}

}  // namespace rmq::broker
