#include "common/protocol/body/subscription_group.h"

#include "common/protocol/body/json_codec.h"

namespace rmq::protocol {

RMQ_JSON_BODY(SubscriptionGroupConfig);
RMQ_JSON_BODY(SubscriptionGroupTable);
RMQ_JSON_BODY(SubscriptionGroupList);

}  // namespace rmq::protocol
