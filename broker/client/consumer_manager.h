// Consumer groups as their heartbeats describe them: members, subscriptions, kind of consumption.
// Source: org.apache.rocketmq.broker.client.{ConsumerManager, ConsumerGroupInfo, DefaultConsumerIdsChangeListener}
// of 5.5.0.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "broker/client/client_channel.h"
#include "broker/state/read_mostly_map.h"
#include "common/base/clock.h"
#include "common/protocol/body/heartbeat.h"

namespace rmq::broker {

using SubscriptionPtr = std::shared_ptr<const protocol::SubscriptionData>;

// A group at one moment. Never changes; a new one takes its place.
struct ConsumerGroup {
  std::string name;
  protocol::ConsumeType consume_type{};
  protocol::MessageModel message_model{};
  protocol::ConsumeFromWhere consume_from_where{};
  std::map<std::string, SubscriptionPtr, std::less<>> subscriptions;  // by topic
  std::vector<ClientChannelPtr> clients;                              // in the order they came

  ClientChannelPtr find_client(std::string_view client_id) const;
  ClientChannelPtr find_client(std::uint64_t connection_id) const;
};
using ConsumerGroupPtr = std::shared_ptr<const ConsumerGroup>;

// Thread-safe. Lookups (every pull makes some) take no lock. Never calls a connection or a listener under its lock.
class ConsumerManager {
 public:
  // A group's members or subscriptions changed: its members are to be told (code 40). Gets the group as it is now.
  using OnChange = std::function<void(const ConsumerGroup&)>;

  ConsumerManager(const Clock& clock, std::int64_t expiry_ms, std::int64_t subscription_expiry_ms)
      : clock_(clock), expiry_ms_(expiry_ms), subscription_expiry_ms_(subscription_expiry_ms) {}

  void on_change(OnChange listener) { on_change_ = std::move(listener); }  // before the first registration

  // One group of a heartbeat. `with_subscriptions` false: the heartbeat's short form, subscriptions stay as they are.
  // `notify` false: nobody is told. True if a member or a topic came or went.
  bool register_consumer(const protocol::ConsumerData& data, const ClientIdentity& client, bool notify,
                         bool with_subscriptions = true);
  // True if the client was a member.
  bool unregister_consumer(std::string_view group, std::uint64_t connection_id, bool notify);

  ConsumerGroupPtr find(std::string_view group) const { return published_.find(group); }
  ClientChannelPtr find_client(std::string_view group, std::string_view client_id) const;
  // From heartbeats, else from what was remembered of pulls that brought their subscription along.
  SubscriptionPtr find_subscription(std::string_view group, std::string_view topic) const;
  std::set<std::string> groups_of(std::string_view topic) const;
  std::map<std::string, ConsumerGroupPtr, std::less<>> all() const { return published_.all(); }

  // Remembers a subscription of a consumer that sends no heartbeat to this broker.
  void remember_subscription(std::string_view group, const protocol::SubscriptionData& subscription);

  // The fingerprint of a group's last heartbeat (0: the long form). Sets it to `fingerprint`; true if the client should
  // send the long form: the fingerprint differs from the last, or the short form came for a group that is not known.
  bool exchange_fingerprint(std::string_view group, std::int32_t fingerprint, bool without_subscriptions);

  // Forgets members without a heartbeat for the expiry time, and gives them back: their connections are to be closed.
  std::vector<ClientChannelPtr> expire();

 private:
  void publish(const std::string& name, std::shared_ptr<const ConsumerGroup> group);
  void add_topics(const ConsumerGroup& group);
  void remove_topics(const ConsumerGroup& group);
  void changed(const ConsumerGroupPtr& group, bool notify) const;

  const Clock& clock_;
  const std::int64_t expiry_ms_;
  const std::int64_t subscription_expiry_ms_;
  OnChange on_change_;

  ReadMostlyMap<ConsumerGroup> published_;
  struct Remembered {
    SubscriptionPtr subscription;
    std::int64_t since_ms = 0;
  };
  mutable std::mutex mutex_;  // writers, and what follows
  std::map<std::string, ConsumerGroupPtr, std::less<>> groups_;
  std::map<std::string, std::set<std::string>, std::less<>> groups_by_topic_;
  std::map<std::string, std::int32_t, std::less<>> fingerprints_;
  std::map<std::string, std::map<std::string, Remembered, std::less<>>, std::less<>> remembered_;
};

}  // namespace rmq::broker
