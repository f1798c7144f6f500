// Rules that sends and send-backs share.
// Source: org.apache.rocketmq.broker.processor.AbstractSendMessageProcessor of release 5.5.0.
#pragma once

#include <cstdint>
#include <optional>

#include "common/protocol/body/subscription_group.h"

namespace rmq::broker {

// A queue for who does not care which: below `count`, 0 if there is none.
std::int32_t random_queue(std::int32_t count);

// How often a message may be tried again before it is dead: what the client asks for, if it is new enough to ask.
std::int32_t max_reconsume_times(const protocol::SubscriptionGroupConfig& group, std::int32_t client_version,
                                 std::optional<std::int32_t> asked);

}  // namespace rmq::broker
