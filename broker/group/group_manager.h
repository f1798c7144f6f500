// The broker's consumer groups (subscriptionGroup.json): settings, creation at first use, topics forbidden to a group.
// Source of names, file and rules: org.apache.rocketmq.broker.subscription.SubscriptionGroupManager of 5.5.0.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/config/broker_config.h"
#include "broker/state/durable_table.h"
#include "common/protocol/body/subscription_group.h"

namespace rmq::broker {

using GroupPtr = std::shared_ptr<const protocol::SubscriptionGroupConfig>;

// A group is found only after subscriptionGroup.json with it is on the disk, or after the journal with it is confirmed.
// Thread-safe; lookups take no lock. What ends in _and_wait and the functions that give a Status block until then;
// never from an I/O thread. On a replica that isn't master all changes are refused: kUnavailable.
class GroupManager {
 public:
  using Done = std::function<void(Result<GroupPtr>)>;

  GroupManager(const BrokerConfig& config, Checkpointer& checkpointer, const Clock& clock);

  // Built-in groups, then what subscriptionGroup.json or its .bak says. Before any other call.
  Status load();

  GroupPtr find(std::string_view group) const { return table_.find(group); }
  bool contains(std::string_view group) const { return table_.find(group) != nullptr; }

  // The group, made if it is not there and autoCreateSubscriptionGroup (for system groups: enableCreateSysGroup) allows
  // it; kNotFound if not, kInvalid if the name is none. `done` runs at once or on the checkpointer's or journal's
  // thread.
  void find_or_create(std::string_view group, Done done);
  Result<GroupPtr> find_or_create_and_wait(std::string_view group);

  // Creates or replaces; `attributes` of each are changes ("+a", "-b") to what the group has. All or none.
  Status update(std::vector<protocol::SubscriptionGroupConfig> groups);
  // Also forgets what was forbidden to it. kNotFound if there is no such group.
  Status remove(std::string_view group);
  // Consumption on or off (an automatic stop of a group that lags too far). Does not block.
  void disable_consumption(std::string_view group);

  // What a group may not do with a topic: bits of permissions (kForbiddenRead: reading).
  static constexpr std::int32_t kForbiddenRead = 2;  // index of the bit
  std::int32_t forbidden(std::string_view group, std::string_view topic) const;
  Status set_forbidden(const std::string& group, const std::string& topic, std::int32_t bit, bool on);

  protocol::SubscriptionGroupTable table() const;
  // Groups [first, first + most) in the order of names; from 0 if `version` is not the present one.
  protocol::SubscriptionGroupTable page(std::size_t first, std::size_t most,
                                        const std::optional<protocol::DataVersion>& version) const;
  std::size_t size() const { return table_.size(); }
  protocol::DataVersion data_version() const { return table_.data_version(); }

  // --- Replicas: as TopicManager's; a Java master's answer to 201.
  JournaledTable& journaled() { return table_; }
  void attach(JournalWriter* journal) { table_.attach(journal); }
  Status import_from_java(protocol::SubscriptionGroupTable groups);

 private:
  using Table = DurableTable<protocol::SubscriptionGroupConfig>;
  using Forbidden = std::map<std::string, std::map<std::string, std::int32_t>, std::less<>>;

  protocol::SubscriptionGroupTable to_body_table(const Table::Map& groups, const protocol::DataVersion& version,
                                                 bool with_forbidden = true) const;
  Table::Content to_content(protocol::SubscriptionGroupTable table);
  void apply_forbidden(std::string_view change);

  const BrokerConfig& config_;
  mutable std::mutex mutex_;
  Forbidden forbidden_;
  std::atomic<bool> any_forbidden_{false};
  Table table_;
};

}  // namespace rmq::broker
