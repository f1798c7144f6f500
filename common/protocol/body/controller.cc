#include "common/protocol/body/controller.h"

#include "common/protocol/body/json_codec.h"

namespace rmq::protocol {

RMQ_JSON_BODY(SyncStateSet);
RMQ_JSON_BODY(ElectMasterBody);
RMQ_JSON_BODY(BrokerReplicasInfo);
RMQ_JSON_BODY(EpochEntryCache);

Result<std::vector<std::string>> parse_broker_names(std::string_view json) {
  RMQ_TRY(const auto document, parse_fastjson(json));
  std::vector<std::string> names;
  body::Reader reader;
  reader.value(document, names, "broker names");
  RMQ_CHECK_OK(reader.status());
  return names;
}

}  // namespace rmq::protocol
