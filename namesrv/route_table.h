// The name server's knowledge: which brokers live, which topics they serve. Rules as RouteInfoManager of release 5.5.0;
// where it differs, the reason stands beside the code.
//
// Pure: no I/O, no clock, no threads. Not thread-safe, except touch() and the const functions among each other (see
// RouteRegistry, which locks). Built for 1,000 brokers with 10,000 topics each: 16 bytes a (topic, broker) pair and 4
// in the way back; the parts of an answer that a broker contributes are encoded once, when the broker changes.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <queue>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "namesrv/route_types.h"

namespace rmq::namesrv {

// How numeric keys of JSON maps are written; everything else is the same in both.
enum class JsonForm : std::uint8_t {
  kFastjson = 0,  // {0:"a"}: what clients before 4.9.4 expect
  kStandard = 1,  // {"0":"a"}
};
inline constexpr std::size_t kJsonForms = 2;

struct StringHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

class RouteTable {
 public:
  struct Options {
    bool support_acting_master = false;
    bool delete_topics_with_registration = false;  // deleteTopicWithBrokerRegistration
  };

  RouteTable() = default;
  RouteTable(const RouteTable&) = delete;
  RouteTable& operator=(const RouteTable&) = delete;

  Options options;
  // Called for each topic whose answer a change may have altered, during the change.
  std::function<void(std::string_view topic)> on_topic_changed = [](std::string_view) {};

  // --- Brokers

  RegistrationOutcome register_broker(const Registration& registration, std::int64_t now_ms);
  // True if exactly this body was merged before and nothing since calls for merging it again: the caller may leave
  // out topics and mappings (set `unchanged`), which then costs no more than a heartbeat.
  bool is_known_body(const BrokerIdentity& broker, std::uint64_t body_hash) const;
  // The registration that is_known_body() allows: everything but the topic table. `registration.version` is ignored.
  RegistrationOutcome refresh_broker(const Registration& registration, std::int64_t now_ms);

  std::vector<MinIdChange> unregister_brokers(const std::vector<BrokerIdentity>& brokers);
  // Safe beside const functions.
  void touch(std::string_view cluster, std::string_view address, std::int64_t now_ms) const;
  std::optional<DataVersion> data_version(std::string_view cluster, std::string_view address) const;

  struct Gone {
    std::string cluster, address, name;
    std::int64_t id = 0;
    std::uint64_t channel = 0;
    bool in_group = true;  // false: nothing but the liveness entry was left of it

    BrokerIdentity identity() const { return {cluster, address, name, id}; }
  };
  // Brokers that were silent for longer than their timeout. They stay until unregister_brokers().
  std::vector<Gone> expired(std::int64_t now_ms);
  // When to ask expired() next; nothing while there are no brokers.
  std::optional<std::int64_t> next_deadline() const;
  // Brokers whose last registration came over this connection.
  std::vector<Gone> brokers_of_channel(std::uint64_t channel) const;

  // Both return how many topics the broker has.
  int wipe_write_permission(std::string_view broker_name);
  int add_write_permission(std::string_view broker_name);

  // --- Topics

  struct NamedShape {
    std::string_view broker_name;
    QueueShape shape;
  };
  // False, and nothing changes, if a broker is not known or `shapes` is empty.
  bool register_topic(std::string_view topic, const std::vector<NamedShape>& shapes);
  void delete_topic(std::string_view topic);
  void delete_topic(std::string_view topic, std::string_view cluster);

  // --- Answers (JSON bodies)

  struct RouteQuery {
    std::string_view topic;
    JsonForm form = JsonForm::kStandard;
    std::optional<std::string_view> order_conf;
    std::optional<std::string_view> zone;  // keep brokers of this zone, and those without a master
  };
  std::optional<std::string> route(const RouteQuery& query) const;  // nothing: no broker serves the topic
  std::string cluster_info() const;
  std::string member_group(std::string_view cluster, std::string_view broker_name) const;

  std::vector<std::string_view> topics() const;
  std::vector<std::string_view> topics_of_cluster(std::string_view cluster) const;
  // Topics whose flags, of the first broker that serves it, hold all bits of `set` and none of `clear`.
  std::vector<std::string_view> topics_by_flags(int set, int clear) const;
  std::vector<std::string_view> clusters_and_brokers() const;
  std::string_view any_broker_address() const;  // empty if there is none

  struct Counts {
    std::size_t topics = 0, queue_entries = 0, groups = 0, live_brokers = 0, clusters = 0;
  };
  Counts counts() const;

 private:
  using GroupIndex = std::uint32_t;
  using TopicIndex = std::uint32_t;

  struct Entry {
    GroupIndex group;
    QueueShape shape;
  };
  struct Topic {
    std::string name;
    std::vector<Entry> entries;                                 // ascending by group
    std::map<std::string, QueueMapping, std::less<>> mappings;  // by broker name
  };
  // A broker name with its addresses.
  struct Group {
    std::string name, cluster;
    std::optional<std::string> zone;
    bool acting_master = false;
    std::map<std::int64_t, std::string> addresses;
    std::vector<TopicIndex> topics;       // may hold indexes of topics it left and, after that, duplicates
    std::uint32_t topic_count = 0;        // the true number
    std::uint64_t removals = 0;           // entries ever taken away: a broker's known table may have to be merged again
    std::string json[kJsonForms];         // its BrokerData
    std::string acting_json[kJsonForms];  // the same with the least id shown as the master's; empty: not applicable
    std::string queue_prefix;             // {"brokerName":"...","perm":

    std::optional<std::int64_t> min_id() const {
      return addresses.empty() ? std::nullopt : std::optional(addresses.begin()->first);
    }
  };
  struct Live {
    std::uint64_t serial = 0;
    std::string cluster, address, name;  // name: that of the latest registration
    mutable std::atomic<std::int64_t> last_update_ms{0};
    std::int64_t timeout_ms = 0;
    std::int64_t scheduled_ms = 0;  // its valid entry in deadlines_
    DataVersion version;
    std::uint64_t channel = 0;
    std::string ha_address;
    std::vector<std::string> filter_servers;
    bool merged = false;                // its topic table is in, as of
    std::uint64_t merged_removals = 0;  // this state of its group
    bool merged_as_master = false;
    std::uint64_t body_hash = 0;
  };
  struct Deadline {
    std::int64_t at_ms;
    std::uint64_t serial;
    bool operator>(const Deadline& other) const { return at_ms > other.at_ms; }
  };

  static std::string live_key(std::string_view cluster, std::string_view address);
  Live* find_live(std::string_view cluster, std::string_view address) const;
  Group* find_group(std::string_view name) const;
  Group& make_group(const BrokerIdentity& broker);
  void drop_group(GroupIndex index);
  void encode_group(Group& group);
  void group_changed(const Group& group);
  std::vector<TopicIndex> topics_of(GroupIndex index) const;
  GroupIndex index_of(const Group& group) const { return group_index_.find(group.name)->second; }

  Topic& make_topic(std::string_view name, TopicIndex* index);
  void drop_topic_if_empty(TopicIndex index);
  Entry* find_entry(Topic& topic, GroupIndex group) const;
  const Entry* find_entry(const Topic& topic, GroupIndex group) const {
    return find_entry(const_cast<Topic&>(topic), group);
  }
  bool set_entry(TopicIndex topic, GroupIndex group, const QueueShape& shape);  // true if anything changed
  bool remove_entry(TopicIndex topic, GroupIndex group);

  void merge_topics(const Registration& registration, Group& group, bool version_changed, bool prime_slave);
  void merge_mappings(const Registration& registration);
  void keep_alive(const Registration& registration, std::int64_t now_ms, Live& live);
  void forget_live(Live& live);
  RegistrationOutcome outcome_for(const Registration& registration, const Group& group) const;
  static MinIdChange min_id_change(const Group& group, std::optional<std::string> offline,
                                   std::optional<std::string> ha_address);
  int set_permission(std::string_view broker_name, const std::function<std::int16_t(std::int16_t)>& rule);
  const std::string& group_json(const Topic& topic, const Entry& entry, JsonForm form) const;

  std::unordered_map<std::string, GroupIndex, StringHash, std::equal_to<>> group_index_;
  std::vector<std::unique_ptr<Group>> groups_;  // null: free
  std::vector<GroupIndex> free_groups_;
  std::unordered_map<std::string_view, TopicIndex> topic_index_;  // keys point into the topics
  std::vector<std::unique_ptr<Topic>> topics_;                    // null: free
  std::vector<TopicIndex> free_topics_;
  std::size_t entry_count_ = 0;
  std::map<std::string, std::set<std::string, std::less<>>, std::less<>> clusters_;  // -> broker names

  std::unordered_map<std::string, std::unique_ptr<Live>> live_;  // by live_key()
  std::unordered_map<std::uint64_t, Live*> live_by_serial_;
  std::unordered_multimap<std::uint64_t, Live*> live_by_channel_;
  std::priority_queue<Deadline, std::vector<Deadline>, std::greater<>> deadlines_;
  std::uint64_t next_serial_ = 1;
  std::size_t filter_server_brokers_ = 0;  // live brokers that have some
};

}  // namespace rmq::namesrv
