#include "common/protocol/body/route.h"

#include "common/protocol/body/json_codec.h"

namespace rmq::protocol {

RMQ_JSON_BODY(BrokerData);
RMQ_JSON_BODY(TopicRouteData);
RMQ_JSON_BODY(ClusterInfo);
RMQ_JSON_BODY(BrokerMemberGroup);
RMQ_JSON_BODY(GetBrokerMemberGroupResponse);

}  // namespace rmq::protocol
