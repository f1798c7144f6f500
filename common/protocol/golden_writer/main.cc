// Writes with our codecs what the official classes wrote into a golden directory, so that they can read it back
// (e2e/golden/golden.sh check OUT):   rmq_golden_writer GOLDEN OUT
// Each file is decoded from GOLDEN and encoded again under the same name in OUT.
#include <cstdio>
#include <string>

#include "common/base/file.h"
#include "common/protocol/body/heartbeat.h"
#include "common/protocol/body/message_queue.h"
#include "common/protocol/body/register_broker.h"
#include "common/protocol/body/request_mode.h"
#include "common/protocol/body/route.h"
#include "common/protocol/body/subscription_group.h"
#include "common/protocol/body/tables.h"
#include "common/protocol/command.h"
#include "common/protocol/message_batch.h"
#include "common/protocol/message_record.h"

namespace {

using namespace rmq;            // NOLINT: a program of one file
using namespace rmq::protocol;  // NOLINT

Result<std::string> again_frame(const std::string& bytes) {
  FrameDecoder decoder;
  RMQ_TRY(const auto* view, decoder.decode(bytes));
  return encode(Command::from(*view));
}

Result<std::string> again_batch(const std::string& bytes) {
  std::string out;
  BatchReader reader(bytes);
  for (BatchMessage message; reader.next(message);) RMQ_CHECK_OK(append_batch_message(out, message));
  RMQ_CHECK_OK(reader.status());
  return out;
}

Result<std::string> again_record(const std::string& bytes) {
  RMQ_TRY(const auto record, decode_record(bytes));
  std::string out;
  RMQ_CHECK_OK(append_record(out, record).map([](std::size_t) {}));
  patch_record(out.data(), record.queue_offset, record.physical_offset, record.store_timestamp);
  return out;
}

Result<std::string> again_registration(const std::string& bytes) {
  RMQ_TRY(const auto body, parse_compressed_register_broker(bytes, kVersion));
  return compress_register_broker(body);
}

template <class Body, JsonStyle Style = JsonStyle::kFastjson>
Result<std::string> again_body(const std::string& bytes) {
  RMQ_TRY(const auto body, parse_body<Body>(bytes));
  return to_body(body, Style);
}

struct Task {
  const char* name;
  Result<std::string> (*run)(const std::string&);
};

constexpr Task kTasks[] = {
    {"frames/send_v2", again_frame},
    {"frames/send_v1", again_frame},
    {"frames/send_response", again_frame},
    {"frames/error_response", again_frame},
    {"frames/bare_request", again_frame},
    {"frames/empty_body_response", again_frame},
    {"frames/oneway_commit_offset", again_frame},
    {"frames/pull_request", again_frame},
    {"frames/pull_response", again_frame},
    {"frames/pop_request", again_frame},
    {"frames/register_broker_request", again_frame},
    {"frames/route_request", again_frame},
    {"frames/signed_send", again_frame},
    {"messages/batch_body.bin", again_batch},
    {"messages/record_born4_store4.bin", again_record},
    {"messages/record_born4_store6.bin", again_record},
    {"messages/record_born6_store4.bin", again_record},
    {"messages/record_born6_store6.bin", again_record},
    {"bodies/register_broker_compressed.bin", again_registration},
    {"bodies/cluster_info.json", again_body<ClusterInfo>},
    {"bodies/consume_stats.json", again_body<ConsumeStats>},
    {"bodies/data_version.json", again_body<DataVersion>},
    {"bodies/heartbeat.json", again_body<HeartbeatData>},
    {"bodies/kv_table.json", again_body<KvTable>},
    {"bodies/register_broker.json", again_body<RegisterBrokerBody>},
    {"bodies/route.json", again_body<TopicRouteData>},
    {"bodies/route_empty.json", again_body<TopicRouteData>},
    {"bodies/route_standard.json", again_body<TopicRouteData, JsonStyle::kStandard>},
    {"bodies/subscription_group_config_default.json", again_body<SubscriptionGroupConfig>},
    {"bodies/topic_config_default.json", again_body<TopicConfig>},
    {"bodies/topic_config_wrapper.json", again_body<TopicConfigTable>},
    {"bodies/topic_list.json", again_body<TopicList>},
    {"bodies/topic_list_empty.json", again_body<TopicList>},
    {"bodies/topic_stats.json", again_body<TopicStatsTable>},
    {"catalog/bodies/BrokerMemberGroup.json", again_body<BrokerMemberGroup>},
    {"catalog/bodies/CheckClientRequestBody.json", again_body<CheckClientRequest>},
    {"catalog/bodies/ClusterInfo.json", again_body<ClusterInfo>},
    {"catalog/bodies/ConsumeStats.json", again_body<ConsumeStats>},
    {"catalog/bodies/ConsumerConnection.json", again_body<ConsumerConnection>},
    {"catalog/bodies/ConsumerOffsetSerializeWrapper.json", again_body<ConsumerOffsetTable>},
    {"catalog/bodies/CreateTopicListRequestBody.json", again_body<CreateTopicList>},
    {"catalog/bodies/GetBrokerMemberGroupResponseBody.json", again_body<GetBrokerMemberGroupResponse>},
    {"catalog/bodies/GetConsumerListByGroupResponseBody.json", again_body<ConsumerList>},
    {"catalog/bodies/GetConsumerStatusBody.json", again_body<ConsumerStatusTable>},
    {"catalog/bodies/GroupList.json", again_body<GroupList>},
    {"catalog/bodies/HeartbeatData.json", again_body<HeartbeatData>},
    {"catalog/bodies/KVTable.json", again_body<KvTable>},
    {"catalog/bodies/LockBatchRequestBody.json", again_body<LockBatchRequest>},
    {"catalog/bodies/LockBatchResponseBody.json", again_body<LockBatchResponse>},
    {"catalog/bodies/MessageRequestModeSerializeWrapper.json", again_body<MessageRequestModeTable>},
    {"catalog/bodies/ProducerConnection.json", again_body<ProducerConnection>},
    {"catalog/bodies/ProducerTableInfo.json", again_body<ProducerTable>},
    {"catalog/bodies/QueryAssignmentRequestBody.json", again_body<QueryAssignmentRequest>},
    {"catalog/bodies/QueryAssignmentResponseBody.json", again_body<QueryAssignmentResponse>},
    {"catalog/bodies/QuerySubscriptionResponseBody.json", again_body<QuerySubscriptionResponse>},
    {"catalog/bodies/RegisterBrokerBody.json", again_body<RegisterBrokerBody>},
    {"catalog/bodies/ResetOffsetBody.json", again_body<ResetOffsetTable>},
    {"catalog/bodies/SubscriptionGroupConfig.json", again_body<SubscriptionGroupConfig>},
    {"catalog/bodies/SubscriptionGroupList.json", again_body<SubscriptionGroupList>},
    {"catalog/bodies/SubscriptionGroupWrapper.json", again_body<SubscriptionGroupTable>},
    {"catalog/bodies/TopicConfigAndMappingSerializeWrapper.json", again_body<TopicConfigAndMappingTable>},
    {"catalog/bodies/TopicConfigAndQueueMapping.json", again_body<TopicConfigAndMapping>},
    {"catalog/bodies/TopicConfigSerializeWrapper.json", again_body<TopicConfigTable>},
    {"catalog/bodies/TopicList.json", again_body<TopicList>},
    {"catalog/bodies/TopicRouteData.json", again_body<TopicRouteData>},
    {"catalog/bodies/TopicStatsTable.json", again_body<TopicStatsTable>},
    {"catalog/bodies/UnlockBatchRequestBody.json", again_body<LockBatchRequest>},
};

Status write_again(const std::string& golden, const std::string& out, const std::string& name,
                   Result<std::string> (*run)(const std::string&)) {
  RMQ_TRY(const auto bytes, read_file(golden + "/" + name));
  RMQ_TRY(const auto ours, run(bytes));
  const auto path = out + "/" + name;
  RMQ_CHECK_OK(make_directories(path.substr(0, path.rfind('/'))));
  return replace_file(path, ours);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s GOLDEN OUT\n", argv[0]);
    return 2;
  }
  int failed = 0;
  const auto run = [&](const std::string& name, const Task& task) {
    if (const auto status = write_again(argv[1], argv[2], name, task.run); !status) {
      std::fprintf(stderr, "%s: %s\n", name.c_str(), status.error().message.c_str());
      ++failed;
    }
  };
  for (const auto& task : kTasks) {
    const std::string name = task.name;
    if (name.starts_with("frames/")) {
      run(name + ".json.bin", task);
      run(name + ".rmq.bin", task);
    } else {
      run(name, task);
    }
  }
  return failed == 0 ? 0 : 1;
}
