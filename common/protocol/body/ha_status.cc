#include "common/protocol/body/ha_status.h"

#include "common/protocol/body/json_codec.h"

namespace rmq::protocol {

RMQ_JSON_BODY(HaStatus);

}  // namespace rmq::protocol
