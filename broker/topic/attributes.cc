#include "broker/topic/attributes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace rmq::broker {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

constexpr auto kTopicRules = std::to_array<AttributeRule>({
    {.name = "queue.type", .changeable = false, .choices = "BatchCQ|SimpleCQ"},
    {.name = "cleanup.policy", .changeable = false, .choices = "DELETE|COMPACTION"},
    {.name = "message.type", .choices = "UNSPECIFIED|NORMAL|FIFO|DELAY|TRANSACTION|PRIORITY|LITE|MIXED"},
    {.name = "reserve.time", .number = true, .least = -1, .most = kMax},
    {.name = "lite.topic.expiration", .number = true, .least = -1, .most = 30 * 24 * 60},
});

constexpr auto kGroupRules = std::to_array<AttributeRule>({
    {.name = "priority.factor", .number = true, .least = 0, .most = 100},
    {.name = "lite.bind.topic"},
    {.name = "lite.sub.model", .choices = "Shared|Exclusive"},
    {.name = "lite.sub.reset.offset.exclusive", .choices = "true|false"},
    {.name = "lite.sub.reset.offset.unsubscribe", .choices = "true|false"},
    {.name = "lite.sub.client.quota", .number = true, .least = -1, .most = kMax},
    {.name = "lite.sub.client.max.event.cnt", .number = true, .least = 10, .most = kMax},
    {.name = "lite.sub.wildcard"},
});

auto invalid(std::string message) {
  return fail(ErrorKind::kInvalid, std::move(message));
}

bool is_choice(std::string_view value, std::string_view choices) {
  for (;;) {
    auto bar = choices.find('|');
    if (choices.substr(0, bar) == value) return true;
    if (bar == std::string_view::npos) return false;
    choices.remove_prefix(bar + 1);
  }
}

Status check_value(const AttributeRule& rule, std::string_view value) {
  if (!rule.choices.empty() && !is_choice(value, rule.choices)) {
    return invalid("value is not in set: " + std::string(rule.choices));
  }
  if (rule.number) {
    std::int64_t number = 0;
    auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc{} || end != value.data() + value.size()) return invalid("value is not a number");
    if (number < rule.least || number > rule.most) {
      return invalid("value is not in range(" + std::to_string(rule.least) + ", " + std::to_string(rule.most) + ")");
    }
  }
  return {};
}

}  // namespace

std::span<const AttributeRule> topic_attribute_rules() {
  return kTopicRules;
}
std::span<const AttributeRule> group_attribute_rules() {
  return kGroupRules;
}

Result<Attributes> alter_attributes(bool create, std::span<const AttributeRule> rules, const Attributes& current,
                                    const Attributes& changes) {
  Attributes altered = current;
  std::set<std::string_view> seen;
  for (const auto& [key, value] : changes) {
    std::string_view name = std::string_view(key).substr(std::min<std::size_t>(1, key.size()));
    if (name.empty() || name.find_first_of("+-") != std::string_view::npos) {
      return invalid("kv string format wrong.");
    }
    if (!seen.insert(name).second) return invalid("alter duplication key. key: " + std::string(name));
    bool add = key.front() == '+';
    bool remove = key.front() == '-';
    if (create && !add)
      return invalid("only add attribute is supported while creating topic. key: " + std::string(name));
    if (!add && !remove) return invalid("wrong format key: " + std::string(name));
    bool there = current.contains(std::string(name));
    if (remove && !there) return invalid("attempt to delete a nonexistent key: " + std::string(name));

    auto rule = std::ranges::find(rules, name, &AttributeRule::name);
    if (rule == rules.end()) return invalid("unsupported key: " + std::string(name));
    if (!create && !rule->changeable) {
      return invalid("attempt to update an unchangeable attribute. key: " + std::string(name));
    }
    if (remove) {
      altered.erase(std::string(name));
    } else {
      RMQ_CHECK_OK(check_value(*rule, value));
      altered[std::string(name)] = value;
    }
  }
  return altered;
}

Result<Attributes> parse_attribute_changes(std::string_view text) {
  Attributes changes;
  while (!text.empty()) {
    auto comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    auto equals = part.find('=');
    std::string key(part.substr(0, equals));
    if (equals == std::string_view::npos) {
      if (key.find('-') == std::string::npos) return invalid("delete attribute format is wrong: " + key);
      if (!changes.emplace(key, "").second) return invalid("key duplication: " + key);
    } else {
      if (key.find('+') == std::string::npos) return invalid("add/alter attribute format is wrong: " + key);
      if (!changes.emplace(key, part.substr(equals + 1)).second) return invalid("key duplication: " + key);
    }
  }
  return changes;
}

}  // namespace rmq::broker
