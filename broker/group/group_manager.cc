#include "broker/group/group_manager.h"

#include <future>

#include <nlohmann/json.hpp>

#include "broker/topic/attributes.h"
#include "broker/topic/names.h"
#include "common/base/json.h"
#include "common/base/log.h"

namespace rmq::broker {

using protocol::SubscriptionGroupConfig;

namespace {

GroupPtr shared(SubscriptionGroupConfig group) {
  return std::make_shared<const SubscriptionGroupConfig>(std::move(group));
}

GroupPtr default_group(std::string_view name) {
  SubscriptionGroupConfig group;
  group.group_name = name;
  return shared(std::move(group));
}

// A change of what is forbidden, as the journal has it: [group, topic, bit, on]; without a topic, the group's are gone.
std::string forbidden_change(std::string_view group, std::string_view topic, std::int32_t bit, bool on) {
  std::string change = "[";
  append_json_string(change, group);
  append_json_string(change += ',', topic);
  return change + ',' + std::to_string(bit) + (on ? ",true]" : ",false]");
}

constexpr std::string_view kBuiltIn[] = {"TOOLS_CONSUMER",     "FILTERSRV_CONSUMER", "SELF_TEST_C_GROUP",
                                         "CID_ONS-HTTP-PROXY", "CID_ONSAPI_PULL",    "CID_ONSAPI_PERMISSION",
                                         "CID_ONSAPI_OWNER",   "CID_RMQ_SYS_TRANS"};

}  // namespace

GroupManager::GroupManager(const BrokerConfig& config, Checkpointer& checkpointer, const Clock& clock)
    : config_(config),
      table_(
          checkpointer, clock,
          {.name = "groups",
           .path = config.config_path("subscriptionGroup.json"),
           .encode = [this](const auto& groups, const auto& version,
                            bool with_aside) { return protocol::to_body(to_body_table(groups, version, with_aside)); },
           .decode = [this](std::string_view text) -> Result<Table::Content> {
             RMQ_TRY(auto table, protocol::parse_body<protocol::SubscriptionGroupTable>(text));
             return to_content(std::move(table));
           },
           .apply_aside = [this](std::string_view change) { apply_forbidden(change); }}) {
  table_.on_change([](const Table::Changes& changes, const protocol::DataVersion&) {
    if (changes.size() > 8) return log::info("consumer groups changed", {{"count", changes.size()}});
    for (const auto& [name, group] : changes) {
      log::info(group == nullptr ? "consumer group deleted" : "consumer group set", {{"group", name}});
    }
  });
}

Status GroupManager::load() {
  Table::Map groups;
  for (std::string_view name : kBuiltIn) groups.emplace(name, default_group(name));
  return table_.load(std::move(groups));
}

Status GroupManager::import_from_java(protocol::SubscriptionGroupTable groups) {
  return table_.import_all(to_content(std::move(groups)));
}

GroupManager::Table::Content GroupManager::to_content(protocol::SubscriptionGroupTable table) {
  Table::Content content{.entries = {}, .version = table.data_version, .install_aside = {}};
  for (auto& [name, group] : table.groups) {
    group.group_name = name;
    content.entries.emplace_hint(content.entries.end(), name, shared(std::move(group)));
  }
  content.install_aside = [this, forbidden = std::move(table.forbidden)] {
    std::lock_guard lock(mutex_);
    forbidden_ = forbidden;
    any_forbidden_ = !forbidden_.empty();
  };
  return content;
}

void GroupManager::find_or_create(std::string_view name, Done done) {
  if (GroupPtr existing = find(name)) return done(std::move(existing));
  bool allowed = config_.auto_create_subscription_group ||
                 (config_.enable_create_sys_group && name.starts_with(kSystemGroupPrefix));
  if (!allowed)
    return done(fail(ErrorKind::kNotFound, "subscription group [" + std::string(name) + "] does not exist"));
  if (auto status = validate_group(name); !status) return done(fail(status.error()));
  auto created = std::make_shared<GroupPtr>();
  auto build = [&](const Table::Lookup& lookup) -> Result<Table::Changes> {
    *created = lookup(name);
    if (*created != nullptr && find(name) != nullptr) return Table::Changes{};
    if (*created == nullptr) *created = default_group(name);
    return Table::Changes{{std::string(name), *created}};  // also if somebody else asked already: wait for the disk
  };
  table_.change(build, [created, done = std::move(done)](const Status& status) {
    done(status ? Result<GroupPtr>(*created) : Result<GroupPtr>(fail(status.error())));
  });
}

Result<GroupPtr> GroupManager::find_or_create_and_wait(std::string_view group) {
  std::promise<Result<GroupPtr>> promise;
  auto result = promise.get_future();
  find_or_create(group, [&promise](Result<GroupPtr> found) { promise.set_value(std::move(found)); });
  return result.get();
}

Status GroupManager::update(std::vector<SubscriptionGroupConfig> groups) {
  return table_.change_and_wait([&](const Table::Lookup& lookup) -> Result<Table::Changes> {
    Table::Changes changes;
    for (SubscriptionGroupConfig& group : groups) {
      RMQ_CHECK_OK(validate_group(group.group_name));
      GroupPtr current = lookup(group.group_name);
      RMQ_TRY(group.attributes,
              alter_attributes(current == nullptr, group_attribute_rules(),
                               current == nullptr ? Attributes{} : current->attributes, group.attributes));
      if (current != nullptr && *current == group) continue;
      std::string name = group.group_name;
      changes.emplace_back(std::move(name), shared(std::move(group)));
    }
    return changes;
  });
}

Status GroupManager::remove(std::string_view group) {
  auto build = [&](const Table::Lookup& lookup) -> Result<Table::Changes> {
    if (lookup(group) == nullptr) return fail(ErrorKind::kNotFound, "group " + std::string(group) + " not exists");
    return Table::Changes{{std::string(group), nullptr}};
  };
  return table_.change_and_wait(build, forbidden_change(group, {}, 0, false));
}

void GroupManager::disable_consumption(std::string_view name) {
  auto build = [&](const Table::Lookup& lookup) -> Result<Table::Changes> {
    GroupPtr current = lookup(name);
    if (current == nullptr || !current->consume_enable) return Table::Changes{};
    SubscriptionGroupConfig group = *current;
    group.consume_enable = false;
    return Table::Changes{{std::string(name), shared(std::move(group))}};
  };
  table_.change(build, [](const Status&) {});
}

std::int32_t GroupManager::forbidden(std::string_view group, std::string_view topic) const {
  if (!any_forbidden_.load(std::memory_order_relaxed)) return 0;
  std::lock_guard lock(mutex_);
  auto of_group = forbidden_.find(group);
  if (of_group == forbidden_.end()) return 0;
  auto found = of_group->second.find(std::string(topic));
  return found == of_group->second.end() || found->second < 0 ? 0 : found->second;
}

Status GroupManager::set_forbidden(const std::string& group, const std::string& topic, std::int32_t bit, bool on) {
  if (bit < 0 || bit > 30) return fail(ErrorKind::kInvalid, "no such permission");
  auto nothing = [](const Table::Lookup&) { return Result<Table::Changes>(Table::Changes{}); };
  return table_.change_and_wait(nothing, forbidden_change(group, topic, bit, on));
}

void GroupManager::apply_forbidden(std::string_view change) {
  const auto json = parse_json(change);
  if (!json || !json->is_array() || json->size() != 4 || !(*json)[0].is_string() || !(*json)[1].is_string() ||
      !(*json)[2].is_number_integer() || !(*json)[3].is_boolean()) {
    return log::error("unknown change of what groups may not do", {{"change", change}});
  }
  const auto group = (*json)[0].get<std::string>();
  const auto topic = (*json)[1].get<std::string>();
  const auto bit = (*json)[2].get<std::int32_t>() & 31;
  std::lock_guard lock(mutex_);
  if (topic.empty()) {
    forbidden_.erase(group);
  } else {
    auto& of_group = forbidden_[group];
    auto& bits = of_group[topic];
    bits = (*json)[3].get<bool>() ? (bits | (1 << bit)) : (bits & ~(1 << bit));
    if (bits == 0) of_group.erase(topic);
    if (of_group.empty()) forbidden_.erase(group);
  }
  any_forbidden_ = !forbidden_.empty();
}

protocol::SubscriptionGroupTable GroupManager::to_body_table(const Table::Map& groups,
                                                             const protocol::DataVersion& version,
                                                             bool with_forbidden) const {
  protocol::SubscriptionGroupTable table;
  table.data_version = version;
  for (const auto& [name, group] : groups) table.groups.emplace_hint(table.groups.end(), name, *group);
  if (!with_forbidden) return table;
  std::lock_guard lock(mutex_);
  table.forbidden = forbidden_;
  return table;
}

protocol::SubscriptionGroupTable GroupManager::table() const {
  auto [groups, version] = table_.snapshot();
  return to_body_table(groups, version);
}

protocol::SubscriptionGroupTable GroupManager::page(std::size_t first, std::size_t most,
                                                    const std::optional<protocol::DataVersion>& version) const {
  auto [groups, present] = table_.page(first, most, version);
  auto table = to_body_table(groups, present);
  std::erase_if(table.forbidden, [&](const auto& entry) { return !table.groups.contains(entry.first); });
  return table;
}

}  // namespace rmq::broker
