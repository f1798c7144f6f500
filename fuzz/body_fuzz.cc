// Input: the name of a body, a line feed, JSON. An unknown name picks a body by its hash.
#include <functional>
#include <string>

#include "common/protocol/body/heartbeat.h"
#include "common/protocol/body/message_queue.h"
#include "common/protocol/body/register_broker.h"
#include "common/protocol/body/request_mode.h"
#include "common/protocol/body/route.h"
#include "common/protocol/body/subscription_group.h"
#include "common/protocol/body/tables.h"
#include "fuzz/fuzz_check.h"

namespace {

using namespace rmq::protocol;  // NOLINT: a program of one file

template <class Body>
void round_trip(std::string_view text) {
  const auto body = parse_body<Body>(text);
  if (!body) return;
  for (const auto style : {JsonStyle::kFastjson, JsonStyle::kStandard}) {
    const auto ours = to_body(*body, style);
    const auto again = parse_body<Body>(ours);
    FUZZ_CHECK(again.has_value());
    FUZZ_CHECK(to_body(*again, style) == ours);
  }
}

struct Target {
  std::string_view name;
  void (*run)(std::string_view);
};
constexpr Target kTargets[] = {
    {"BrokerMemberGroup", round_trip<BrokerMemberGroup>},
    {"ClusterInfo", round_trip<ClusterInfo>},
    {"ConsumeStats", round_trip<ConsumeStats>},
    {"ConsumerConnection", round_trip<ConsumerConnection>},
    {"ConsumerOffsetSerializeWrapper", round_trip<ConsumerOffsetTable>},
    {"GetConsumerStatusBody", round_trip<ConsumerStatusTable>},
    {"HeartbeatData", round_trip<HeartbeatData>},
    {"KVTable", round_trip<KvTable>},
    {"LockBatchRequestBody", round_trip<LockBatchRequest>},
    {"QueryAssignmentResponseBody", round_trip<QueryAssignmentResponse>},
    {"RegisterBrokerBody", round_trip<RegisterBrokerBody>},
    {"ResetOffsetBody", round_trip<ResetOffsetTable>},
    {"SubscriptionGroupWrapper", round_trip<SubscriptionGroupTable>},
    {"TopicConfigAndQueueMapping", round_trip<TopicConfigAndMapping>},
    {"TopicList", round_trip<TopicList>},
    {"TopicRouteData", round_trip<TopicRouteData>},
    {"TopicStatsTable", round_trip<TopicStatsTable>},
};

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = fuzz_input(data, size);
  const auto line = input.find('\n');
  if (line == std::string_view::npos) return 0;
  const auto name = input.substr(0, line);
  const auto text = input.substr(line + 1);
  for (const auto& target : kTargets) {
    if (target.name == name) {
      target.run(text);
      return 0;
    }
  }
  kTargets[std::hash<std::string_view>{}(name) % std::size(kTargets)].run(text);
  return 0;
}
