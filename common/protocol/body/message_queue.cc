#include "common/protocol/body/message_queue.h"

#include "common/protocol/body/json_codec.h"

namespace rmq::protocol {

RMQ_JSON_BODY(MessageQueue);
RMQ_JSON_BODY(LockBatchRequest);
RMQ_JSON_BODY(LockBatchResponse);
RMQ_JSON_BODY(ConsumerOffsetTable);
RMQ_JSON_BODY(DelayOffsetTable);
RMQ_JSON_BODY(TopicStatsTable);
RMQ_JSON_BODY(ConsumeStats);
RMQ_JSON_BODY(ConsumeStatsList);
RMQ_JSON_BODY(ResetOffsetTable);
RMQ_JSON_BODY(ConsumerStatusTable);

}  // namespace rmq::protocol
