// Producers by group, known from heartbeats: for transaction checks, replies and administration.
// Source: org.apache.rocketmq.broker.client.ProducerManager of 5.5.0.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/client/client_channel.h"
#include "common/base/clock.h"

namespace rmq::broker {

// Thread-safe. Never calls a connection while it holds its lock.
class ProducerManager {
 public:
  ProducerManager(const Clock& clock, std::int64_t expiry_ms) : clock_(clock), expiry_ms_(expiry_ms) {}

  // True if the client is new to the group.
  bool register_producer(std::string_view group, const ClientIdentity& client);
  void unregister_producer(std::string_view group, const remoting::ConnectionPtr& connection);
  void connection_closed(std::string_view group, std::uint64_t connection_id);

  // Some open connection of the group, another one each time; nullptr if there is none.
  remoting::ConnectionPtr pick(std::string_view group);
  // The connection of a client by its id; nullptr if it is not there.
  remoting::ConnectionPtr find(std::string_view client_id) const;

  std::vector<ClientChannelPtr> clients(std::string_view group) const;
  std::map<std::string, std::vector<ClientChannelPtr>> all() const;
  std::size_t group_count() const;

  // Forgets clients without a heartbeat for the expiry time, and gives them back: their connections are to be closed.
  std::vector<ClientChannelPtr> expire();

 private:
  using Clients = std::vector<ClientChannelPtr>;
  struct ById {
    remoting::ConnectionPtr connection;  // the newest of the client
    std::size_t groups = 0;              // that it is in
  };

  void remove(std::string_view group, const std::function<bool(const ClientChannel&)>& wanted, Clients* removed);
  void forget_client(const ClientChannel& client);

  const Clock& clock_;
  const std::int64_t expiry_ms_;
  mutable std::mutex mutex_;
  std::map<std::string, Clients, std::less<>> groups_;
  std::map<std::string, ById, std::less<>> by_client_id_;
  std::atomic<std::size_t> next_{0};
};

}  // namespace rmq::broker
