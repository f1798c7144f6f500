// The table's answers as JSON. Members stand in the order in which fastjson2 writes them (alphabetical; absent ones are
// left out): golden in route_table_test.cc, recorded from release 5.5.0.
#include <algorithm>
#include <cctype>
#include <charconv>

#include "common/base/json.h"
#include "namesrv/route_table.h"

namespace rmq::namesrv {
namespace {

// Topics of brokers keeping each other informed; an acting master is never shown for them.
constexpr std::string_view kSyncMemberTopicPrefix = "rmq_sys_SYNC_BROKER_MEMBER_";

void append_int(std::string& out, std::int64_t value) {
  char text[24];
  auto end = std::to_chars(text, text + sizeof(text), value).ptr;
  out.append(text, end);
}

void append_number_key(std::string& out, std::int64_t key, JsonForm form) {
  if (form == JsonForm::kStandard) out += '"';
  append_int(out, key);
  out += form == JsonForm::kStandard ? "\":" : ":";
}

void append_addresses(std::string& out, const std::map<std::int64_t, std::string>& addresses, JsonForm form) {
  out += '{';
  for (bool first = true; const auto& [id, address] : addresses) {
    if (!first) out += ',';
    first = false;
    append_number_key(out, id, form);
    append_json_string(out, address);
  }
  out += '}';
}

void append_mapping(std::string& out, const QueueMapping& mapping, JsonForm form) {
  out += "{\"bname\":";
  append_json_string(out, mapping.broker_name);
  out += ",\"currIdMap\":{";
  for (bool first = true; const auto& [logic, physical] : mapping.current_ids) {
    if (!first) out += ',';
    first = false;
    append_number_key(out, logic, form);
    append_int(out, physical);
  }
  out += "},\"dirty\":";
  out += mapping.dirty ? "true" : "false";
  out += ",\"epoch\":";
  append_int(out, mapping.epoch);
  out += ",\"scope\":";
  append_json_string(out, mapping.scope);
  out += ",\"topic\":";
  append_json_string(out, mapping.topic);
  out += ",\"totalQueues\":";
  append_int(out, mapping.total_queues);
  out += '}';
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

void RouteTable::encode_group(Group& group) {
  auto encode = [&](const std::map<std::int64_t, std::string>& addresses, JsonForm form) {
    std::string out = "{\"brokerAddrs\":";
    append_addresses(out, addresses, form);
    out += ",\"brokerName\":";
    append_json_string(out, group.name);
    out += ",\"cluster\":";
    append_json_string(out, group.cluster);
    out += ",\"enableActingMaster\":";
    out += group.acting_master ? "true" : "false";
    if (group.zone) {
      out += ",\"zoneName\":";
      append_json_string(out, *group.zone);
    }
    out += '}';
    return out;
  };
  auto acting = group.addresses;
  bool acts = group.acting_master && !acting.empty() && !acting.contains(kMasterId);
  if (acts) {
    auto node = acting.extract(acting.begin());
    node.key() = kMasterId;
    acting.insert(std::move(node));
  }
  for (auto form : {JsonForm::kFastjson, JsonForm::kStandard}) {
    auto i = static_cast<std::size_t>(form);
    group.json[i] = encode(group.addresses, form);
    group.acting_json[i] = acts ? encode(acting, form) : std::string();
  }
}

// With an acting master supported, the least slave stands for a master that is gone, where nothing can be written.
const std::string& RouteTable::group_json(const Topic& topic, const Entry& entry, JsonForm form) const {
  const auto& group = *groups_[entry.group];
  auto i = static_cast<std::size_t>(form);
  bool acting = options.support_acting_master && !group.acting_json[i].empty() &&
                (entry.shape.perm & kPermWrite) == 0 && !topic.name.starts_with(kSyncMemberTopicPrefix);
  return acting ? group.acting_json[i] : group.json[i];
}

std::optional<std::string> RouteTable::route(const RouteQuery& query) const {
  auto it = topic_index_.find(query.topic);
  if (it == topic_index_.end()) return std::nullopt;
  const auto& topic = *topics_[it->second];
  auto i = static_cast<std::size_t>(query.form);

  auto kept = [&](const Entry& entry) {
    if (!query.zone) return true;
    const auto& group = *groups_[entry.group];
    bool shown_with_master =
        group.addresses.contains(kMasterId) || &group_json(topic, entry, query.form) != &group.json[i];
    return !shown_with_master || (group.zone && equal_ignoring_case(*group.zone, *query.zone));
  };

  std::string out;
  std::size_t size = 128;
  for (const auto& entry : topic.entries) {
    size += groups_[entry.group]->json[i].size() + groups_[entry.group]->queue_prefix.size() + 90;
  }
  out.reserve(size);

  out += "{\"brokerDatas\":[";
  bool first = true;
  for (const auto& entry : topic.entries) {
    if (!kept(entry)) continue;
    if (!first) out += ',';
    first = false;
    out += group_json(topic, entry, query.form);
  }
  out += "],\"filterServerTable\":{";
  if (filter_server_brokers_ > 0) {
    first = true;
    for (const auto& entry : topic.entries) {
      if (!kept(entry)) continue;
      const auto& group = *groups_[entry.group];
      for (const auto& [id, address] : group.addresses) {
        auto* live = find_live(group.cluster, address);
        if (live == nullptr || live->filter_servers.empty()) continue;
        if (!first) out += ',';
        first = false;
        append_json_string(out, address);
        out += ":[";
        for (bool first_server = true; const auto& server : live->filter_servers) {
          if (!first_server) out += ',';
          first_server = false;
          append_json_string(out, server);
        }
        out += ']';
      }
    }
  }
  out += '}';
  if (query.order_conf) {
    out += ",\"orderTopicConf\":";
    append_json_string(out, *query.order_conf);
  }
  out += ",\"queueDatas\":[";
  first = true;
  for (const auto& entry : topic.entries) {
    if (!kept(entry)) continue;
    if (!first) out += ',';
    first = false;
    out += groups_[entry.group]->queue_prefix;
    append_int(out, entry.shape.perm);
    out += ",\"readQueueNums\":";
    append_int(out, entry.shape.read_queues);
    out += ",\"topicSysFlag\":";
    append_int(out, entry.shape.sys_flag);
    out += ",\"writeQueueNums\":";
    append_int(out, entry.shape.write_queues);
    out += '}';
  }
  out += ']';
  if (!topic.mappings.empty()) {
    out += ",\"topicQueueMappingByBroker\":{";
    first = true;
    for (const auto& [broker, mapping] : topic.mappings) {
      if (!first) out += ',';
      first = false;
      append_json_string(out, broker);
      out += ':';
      append_mapping(out, mapping, query.form);
    }
    out += '}';
  }
  out += '}';
  return out;
}

std::string RouteTable::cluster_info() const {
  std::string out = "{\"brokerAddrTable\":{";
  bool first = true;
  for (const auto& group : groups_) {
    if (!group) continue;
    if (!first) out += ',';
    first = false;
    append_json_string(out, group->name);
    out += ':';
    out += group->json[static_cast<std::size_t>(JsonForm::kFastjson)];
  }
  out += "},\"clusterAddrTable\":{";
  first = true;
  for (const auto& [cluster, brokers] : clusters_) {
    if (!first) out += ',';
    first = false;
    append_json_string(out, cluster);
    out += ":[";
    for (bool first_broker = true; const auto& broker : brokers) {
      if (!first_broker) out += ',';
      first_broker = false;
      append_json_string(out, broker);
    }
    out += ']';
  }
  out += "}}";
  return out;
}

std::string RouteTable::member_group(std::string_view cluster, std::string_view broker_name) const {
  std::string out = "{\"brokerMemberGroup\":{\"brokerAddrs\":";
  auto* group = find_group(broker_name);
  append_addresses(out, group == nullptr ? std::map<std::int64_t, std::string>() : group->addresses,
                   JsonForm::kFastjson);
  out += ",\"brokerName\":";
  append_json_string(out, broker_name);
  out += ",\"cluster\":";
  append_json_string(out, cluster);
  out += "}}";
  return out;
}

}  // namespace rmq::namesrv
