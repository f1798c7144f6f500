#include "common/protocol/body/tables.h"

#include "common/protocol/body/json_codec.h"

namespace rmq::protocol {

RMQ_JSON_BODY(KvTable);
RMQ_JSON_BODY(KvConfigFile);
RMQ_JSON_BODY(TopicList);
RMQ_JSON_BODY(ConsumerList);
RMQ_JSON_BODY(GroupList);

}  // namespace rmq::protocol
