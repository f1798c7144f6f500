#include "common/protocol/body/heartbeat.h"

#include "common/protocol/body/json_codec.h"

namespace rmq::protocol {

RMQ_JSON_BODY(SubscriptionData);
RMQ_JSON_BODY(HeartbeatData);
RMQ_JSON_BODY(CheckClientRequest);
RMQ_JSON_BODY(ConsumerConnection);
RMQ_JSON_BODY(ProducerConnection);
RMQ_JSON_BODY(ProducerTable);
RMQ_JSON_BODY(QuerySubscriptionResponse);

}  // namespace rmq::protocol
