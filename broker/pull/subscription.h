// Tag expressions of subscriptions. Source: org.apache.rocketmq.remoting.protocol.filter.FilterAPI of release 5.5.0.
#pragma once

#include <string_view>

#include "broker/pull/pull_hold.h"
#include "common/base/result.h"
#include "common/protocol/body/heartbeat.h"

namespace rmq::broker {

inline bool is_tag_type(std::string_view expression_type) {
  return expression_type.empty() || expression_type == protocol::kExpressionTag;
}

// "*", "" or "a || b". kInvalid when nothing but separators is left.
Result<protocol::SubscriptionData> parse_subscription(std::string_view topic, std::string_view expression,
                                                      std::string_view expression_type);

// What the store compares for this subscription; empty: every message.
TagFilter tag_filter(const protocol::SubscriptionData& subscription);

}  // namespace rmq::broker
