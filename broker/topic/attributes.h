// Attributes of topics and groups: which there are, what they may be, and how a request changes them.
// Source: org.apache.rocketmq.common.attribute.AttributeUtil, TopicAttributes, SubscriptionGroupAttributes of 5.5.0.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>

#include "common/base/result.h"
#include "common/protocol/body/topic_config.h"

namespace rmq::broker {

using protocol::Attributes;

struct AttributeRule {
  std::string_view name;
  bool changeable = true;
  std::string_view choices;  // "one|of|these"; empty: not an enumeration
  bool number = false;
  std::int64_t least = std::numeric_limits<std::int64_t>::min();
  std::int64_t most = std::numeric_limits<std::int64_t>::max();
};

std::span<const AttributeRule> topic_attribute_rules();
std::span<const AttributeRule> group_attribute_rules();

// `changes` as a request carries them: "+name" sets, "-name" removes; when `create`, only "+". kInvalid with the
// original's words: unknown or unchangeable name, value that does not fit, removal of what is not there.
Result<Attributes> alter_attributes(bool create, std::span<const AttributeRule> rules, const Attributes& current,
                                    const Attributes& changes);

// "+a=b,-c" as code 17 carries it, to {"+a": "b", "-c": ""}. Empty text: nothing.
Result<Attributes> parse_attribute_changes(std::string_view text);

}  // namespace rmq::broker
