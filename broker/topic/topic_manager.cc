#include "broker/topic/topic_manager.h"

#include <algorithm>
#include <future>

#include "broker/topic/attributes.h"
#include "common/base/log.h"

namespace rmq::broker {

using protocol::TopicConfig;

namespace {

constexpr std::int32_t kScheduleQueues = 18;

TopicPtr shared(TopicConfig topic) {
  return std::make_shared<const TopicConfig>(std::move(topic));
}

protocol::TopicConfigTable to_body_table(const std::map<std::string, TopicPtr, std::less<>>& topics,
                                         const protocol::DataVersion& version) {
  protocol::TopicConfigTable table{.data_version = version, .topics = {}};
  for (const auto& [name, topic] : topics) table.topics.emplace_hint(table.topics.end(), name, *topic);
  return table;
}

DurableTable<TopicConfig>::Content to_content(protocol::TopicConfigTable table) {
  DurableTable<TopicConfig>::Content content{.entries = {}, .version = table.data_version, .install_aside = {}};
  for (auto& [name, topic] : table.topics) {
    topic.topic_name = name;
    content.entries.emplace_hint(content.entries.end(), name, shared(std::move(topic)));
  }
  return content;
}

}  // namespace

std::vector<TopicConfig> TopicManager::built_in(const BrokerConfig& config) {
  std::vector<TopicConfig> topics;
  auto add = [&](std::string name, std::int32_t queues, std::int32_t perm = kPermRead | kPermWrite) {
    TopicConfig topic;
    topic.topic_name = std::move(name);
    topic.read_queue_nums = queues;
    topic.write_queue_nums = queues;
    topic.perm = perm;
    topics.push_back(std::move(topic));
  };
  const std::int32_t kAll = kPermInherit | kPermRead | kPermWrite;
  add(std::string(kSelfTestTopic), 1);
  if (config.auto_create_topic_enable) add(std::string(kAutoCreateTopic), config.default_topic_queue_nums, kAll);
  add(std::string(kBenchmarkTopic), 1024);
  add(config.broker_cluster_name, 16, config.cluster_topic_enable ? kAll : kPermInherit);
  add(config.broker_name, 1, config.broker_topic_enable ? kAll : kPermInherit);
  add(std::string(kOffsetMovedTopic), 1);
  add(std::string(kScheduleTopic), kScheduleQueues);
  if (config.trace_topic_enable) add(config.msg_trace_topic_name, 1);
  add(config.broker_cluster_name + "_" + std::string(kReplyTopicPostfix), 1);
  add(std::string(kReviveTopicPrefix) + config.broker_cluster_name, config.revive_queue_num);
  add(std::string(kSyncMemberTopicPrefix) + config.broker_name, 1, kPermInherit);
  add(std::string(kTransHalfTopic), 1);
  add(std::string(kTransOpHalfTopic), 1);
  add(std::string(kRocksDbTransHalfTopic), 1);
  add(std::string(kRocksDbTransOpHalfTopic), 1);
  if (config.timer_wheel_enable) add(std::string(kTimerTopic), 1);
  return topics;
}

TopicManager::TopicManager(const BrokerConfig& config, Checkpointer& checkpointer, const Clock& clock)
    : config_(config),
      table_(checkpointer, clock,
             {.name = "topics",
              .path = config.config_path("topics.json"),
              .encode = [](const auto& topics, const auto& version,
                           bool) { return protocol::to_body(to_body_table(topics, version)); },
              .decode = [](std::string_view text) -> Result<Table::Content> {
                RMQ_TRY(auto table, protocol::parse_body<protocol::TopicConfigTable>(text));
                return to_content(std::move(table));
              }}) {
  table_.on_change([](const Table::Changes& changes, const protocol::DataVersion&) {
    if (changes.size() > 8) return log::info("topics changed", {{"count", changes.size()}});
    for (const auto& [name, topic] : changes) {
      if (topic == nullptr) {
        log::info("topic deleted", {{"topic", name}});
      } else {
        log::info("topic set", {{"topic", name},
                                {"write_queues", topic->write_queue_nums},
                                {"read_queues", topic->read_queue_nums},
                                {"perm", topic->perm}});
      }
    }
  });
}

void TopicManager::on_change(OnChange listener) {
  table_.on_change(
      [listener = std::move(listener)](const Table::Changes& changes, const protocol::DataVersion& version) {
        Change change{.changed = {}, .removed = {}, .version = version};
        for (const auto& [name, topic] : changes) {
          if (topic == nullptr) {
            change.removed.push_back(name);
          } else {
            change.changed.push_back(topic);
          }
        }
        listener(change);
      });
}

Status TopicManager::load() {
  Table::Map topics;
  for (TopicConfig& topic : built_in(config_)) {
    std::string name = topic.topic_name;
    topics.insert_or_assign(std::move(name), shared(std::move(topic)));
  }
  return table_.load(std::move(topics));
}

Status TopicManager::import_from_java(protocol::TopicConfigTable topics) {
  return table_.import_all(to_content(std::move(topics)));
}

bool TopicManager::is_order(std::string_view topic) const {
  TopicPtr found = find(topic);
  return found != nullptr && found->order;
}

bool TopicManager::is_system(std::string_view topic) const {
  if (is_system_topic_name(topic) || topic == config_.broker_cluster_name || topic == config_.broker_name) return true;
  if (config_.trace_topic_enable && topic == config_.msg_trace_topic_name) return true;
  const std::string& cluster = config_.broker_cluster_name;
  return topic.size() == cluster.size() + 1 + kReplyTopicPostfix.size() && topic.starts_with(cluster) &&
         topic[cluster.size()] == '_' && topic.ends_with(kReplyTopicPostfix);
}

void TopicManager::create_for_send(const std::string& topic, std::string_view default_topic,
                                   std::int32_t client_queue_nums, std::int32_t topic_sys_flag, Done done) {
  if (TopicPtr existing = find(topic)) return done(existing);
  if (auto status = validate_topic(topic); !status) return done(fail(status.error()));
  auto created = std::make_shared<TopicPtr>();
  auto build = [&](const Table::Lookup& lookup) -> Result<Table::Changes> {
    *created = lookup(topic);
    if (*created != nullptr && find(topic) != nullptr) return Table::Changes{};
    if (*created == nullptr) {
      TopicPtr model = lookup(default_topic);
      bool switched_off = default_topic == kAutoCreateTopic && !config_.auto_create_topic_enable;
      if (model == nullptr || (model->perm & kPermInherit) == 0 || switched_off) {
        return fail(ErrorKind::kNotFound, "topic[" + topic + "] not exist, apply first please!");
      }
      TopicConfig config;
      config.topic_name = topic;
      config.read_queue_nums = std::max(1, std::min(client_queue_nums, model->write_queue_nums));
      config.write_queue_nums = config.read_queue_nums;
      config.perm = model->perm & ~kPermInherit;
      config.topic_sys_flag = topic_sys_flag;
      config.topic_filter_type = model->topic_filter_type;
      *created = shared(std::move(config));
    }
    return Table::Changes{
        {topic, *created}};  // also if somebody else asked for it already: the answer waits for the disk
  };
  table_.change(build, [created, done = std::move(done)](const Status& status) {
    done(status ? Result<TopicPtr>(*created) : Result<TopicPtr>(fail(status.error())));
  });
}

void TopicManager::create_for_retry(const std::string& topic, std::int32_t queue_nums, std::int32_t perm, bool order,
                                    std::int32_t topic_sys_flag, Done done) {
  if (TopicPtr existing = find(topic); existing != nullptr && existing->order == order) return done(existing);
  if (auto status = validate_topic(topic); !status) return done(fail(status.error()));
  auto wanted = std::make_shared<TopicPtr>();
  auto build = [&](const Table::Lookup& lookup) -> Result<Table::Changes> {
    *wanted = lookup(topic);
    if (*wanted == nullptr || (*wanted)->order != order) {
      TopicConfig config;
      if (*wanted != nullptr) {
        config = **wanted;
      } else {
        config.topic_name = topic;
        config.read_queue_nums = queue_nums;
        config.write_queue_nums = queue_nums;
        config.perm = perm;
        config.topic_sys_flag = topic_sys_flag;
      }
      config.order = order;
      *wanted = shared(std::move(config));
    }
    return Table::Changes{{topic, *wanted}};
  };
  table_.change(build, [wanted, done = std::move(done)](const Status& status) {
    done(status ? Result<TopicPtr>(*wanted) : Result<TopicPtr>(fail(status.error())));
  });
}

Result<TopicPtr> TopicManager::create_for_retry_and_wait(const std::string& topic, std::int32_t queue_nums,
                                                         std::int32_t perm, bool order, std::int32_t topic_sys_flag) {
  std::promise<Result<TopicPtr>> promise;
  auto result = promise.get_future();
  create_for_retry(topic, queue_nums, perm, order, topic_sys_flag,
                   [&promise](Result<TopicPtr> created) { promise.set_value(std::move(created)); });
  return result.get();
}

Status TopicManager::update(std::vector<TopicConfig> topics) {
  return table_.change_and_wait([&](const Table::Lookup& lookup) -> Result<Table::Changes> {
    Table::Changes changes;
    for (TopicConfig& topic : topics) {
      RMQ_CHECK_OK(validate_topic(topic.topic_name));
      TopicPtr current = lookup(topic.topic_name);
      RMQ_TRY(topic.attributes,
              alter_attributes(current == nullptr, topic_attribute_rules(),
                               current == nullptr ? Attributes{} : current->attributes, topic.attributes));
      if (topic.attributes.contains("reserve.time")) {
        return fail(ErrorKind::kInvalid, "Update topic reserveTime not supported");
      }
      if (current != nullptr && *current == topic) continue;
      std::string name = topic.topic_name;
      changes.emplace_back(std::move(name), shared(std::move(topic)));
    }
    return changes;
  });
}

Status TopicManager::remove(std::string_view topic) {
  return table_.change_and_wait([&](const Table::Lookup& lookup) -> Result<Table::Changes> {
    if (lookup(topic) == nullptr) return fail(ErrorKind::kNotFound, "topic " + std::string(topic) + " not exists");
    return Table::Changes{{std::string(topic), nullptr}};
  });
}

void TopicManager::mark_ordered(const std::vector<std::string>& topics) {
  auto build = [&](const Table::Lookup& lookup) -> Result<Table::Changes> {
    Table::Changes changes;
    for (const std::string& name : topics) {
      TopicPtr current = lookup(name);
      if (current == nullptr || current->order) continue;
      TopicConfig topic = *current;
      topic.order = true;
      changes.emplace_back(name, shared(std::move(topic)));
    }
    return changes;
  };
  table_.change(build, [](const Status&) {});
}

protocol::TopicConfigTable TopicManager::table() const {
  auto [topics, version] = table_.snapshot();
  return to_body_table(topics, version);
}

protocol::TopicConfigTable TopicManager::page(std::size_t first, std::size_t most,
                                              const std::optional<protocol::DataVersion>& version) const {
  auto [topics, present] = table_.page(first, most, version);
  return to_body_table(topics, present);
}

std::vector<std::string> TopicManager::names() const {
  auto [topics, version] = table_.snapshot();
  std::vector<std::string> names;
  names.reserve(topics.size());
  for (const auto& [name, topic] : topics) names.push_back(name);
  return names;
}

}  // namespace rmq::broker
