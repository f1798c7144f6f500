#include "common/protocol/body/request_mode.h"

#include "common/protocol/body/json_codec.h"

namespace rmq::protocol {

RMQ_JSON_BODY(QueryAssignmentRequest);
RMQ_JSON_BODY(QueryAssignmentResponse);
RMQ_JSON_BODY(SetMessageRequestMode);
RMQ_JSON_BODY(MessageRequestModeTable);

}  // namespace rmq::protocol
