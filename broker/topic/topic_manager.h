// The broker's topics (topics.json): built-in ones, creation by administration, by sends and by retries.
// Source of names, file and rules: org.apache.rocketmq.broker.topic.TopicConfigManager of 5.5.0.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/config/broker_config.h"
#include "broker/state/durable_table.h"
#include "broker/topic/names.h"
#include "common/base/clock.h"
#include "common/base/result.h"
#include "common/protocol/body/topic_config.h"

namespace rmq::broker {

using TopicPtr = std::shared_ptr<const protocol::TopicConfig>;

// A topic is found only after topics.json with it is on the disk, or after the journal with it is confirmed: what was
// acknowledged for a topic never outlives it. Thread-safe. Lookups take no lock. The functions with `done` never block:
// it runs on the checkpointer's or the journal's thread, or at once when nothing needs to be written. The others block
// until then; never from an I/O thread. On a replica that isn't master all changes are refused: kUnavailable.
class TopicManager {
 public:
  using Done = std::function<void(Result<TopicPtr>)>;
  // Topics that are new or changed (and the names of removed ones): time to register with the name servers. Runs on the
  // checkpointer's or the journal's thread; must not block.
  struct Change {
    std::vector<TopicPtr> changed;
    std::vector<std::string> removed;
    protocol::DataVersion version;
  };
  using OnChange = std::function<void(const Change&)>;

  TopicManager(const BrokerConfig& config, Checkpointer& checkpointer, const Clock& clock);

  // Built-in topics, then what topics.json or its .bak says. Before any other call.
  Status load();
  void on_change(OnChange listener);  // before the first change

  TopicPtr find(std::string_view topic) const { return table_.find(topic); }
  bool contains(std::string_view topic) const { return table_.find(topic) != nullptr; }
  bool is_order(std::string_view topic) const;
  // Built in, or of the system's prefix, or named after this cluster or broker.
  bool is_system(std::string_view topic) const;

  // A send met an unknown topic: makes it after `default_topic`, which must be inheritable (TBW102, unless
  // autoCreateTopicEnable is off). kNotFound if that does not allow it.
  void create_for_send(const std::string& topic, std::string_view default_topic, std::int32_t client_queue_nums,
                       std::int32_t topic_sys_flag, Done done);
  // A retry or dead-letter topic; an existing one only has its order flag corrected.
  void create_for_retry(const std::string& topic, std::int32_t queue_nums, std::int32_t perm, bool order,
                        std::int32_t topic_sys_flag, Done done);
  Result<TopicPtr> create_for_retry_and_wait(const std::string& topic, std::int32_t queue_nums, std::int32_t perm,
                                             bool order, std::int32_t topic_sys_flag);

  // Creates or replaces; `attributes` of each are changes ("+a", "-b") to what the topic has. All or none; success at
  // once if nothing would change.
  Status update(std::vector<protocol::TopicConfig> topics);
  // kNotFound if there is no such topic.
  Status remove(std::string_view topic);
  // Topics that the name servers list as ordered (KV namespace ORDER_TOPIC_CONFIG) become so. Does not block.
  void mark_ordered(const std::vector<std::string>& topics);

  // A consistent picture of topics and version, as sent to name servers and slaves.
  protocol::TopicConfigTable table() const;
  // Topics [first, first + most) in the order of names; from 0 if `version` is not the present one.
  protocol::TopicConfigTable page(std::size_t first, std::size_t most,
                                  const std::optional<protocol::DataVersion>& version) const;
  std::vector<std::string> names() const;
  std::size_t size() const { return table_.size(); }
  protocol::DataVersion data_version() const { return table_.data_version(); }

  // --- Replicas. The table as the journal knows it, which attaches it.
  JournaledTable& journaled() { return table_; }
  void attach(JournalWriter* journal) { table_.attach(journal); }
  // Takes over all that a Java master answered to 21, unless the version is the same; what it doesn't have goes. On the
  // disk when it returns. Never while a journal of our own master is followed.
  Status import_from_java(protocol::TopicConfigTable topics);

  // Names and settings of the topics that are there from the start.
  static std::vector<protocol::TopicConfig> built_in(const BrokerConfig& config);

 private:
  using Table = DurableTable<protocol::TopicConfig>;

  const BrokerConfig& config_;
  Table table_;
};

}  // namespace rmq::broker
