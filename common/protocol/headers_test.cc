// Every header struct against the fields of the official class, and through both serializations.
#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "common/protocol/headers/admin.h"
#include "common/protocol/headers/client.h"
#include "common/protocol/headers/controller.h"
#include "common/protocol/headers/ext_names.h"
#include "common/protocol/headers/namesrv.h"
#include "common/protocol/headers/offset.h"
#include "common/protocol/headers/pop.h"
#include "common/protocol/headers/pull.h"
#include "common/protocol/headers/send.h"
#include "common/protocol/headers/transaction.h"

namespace rmq::protocol {
namespace {

// Lists the names that a header visits, "*" behind the required ones and the type behind all, as the catalogue does.
class Lister {
 public:
  template <class T>
  void required(std::string_view key, T& value) {
    names.insert(std::string(key) + "* " + type(value));
  }
  template <class T>
  void optional(std::string_view key, T& value) {
    names.insert(std::string(key) + " " + type(value));
  }
  static std::string type(std::string_view&) { return "text"; }
  static std::string type(std::int32_t&) { return "i32"; }
  static std::string type(std::int64_t&) { return "i64"; }
  static std::string type(bool&) { return "bool"; }
  template <class T>
  static std::string type(std::optional<T>&) {
    T value{};
    return type(value);
  }
  std::set<std::string> names;
};

std::set<std::string> official(const std::string& java_class) {
  static const auto catalog = [] {
    std::ifstream in(RMQ_TESTDATA "/catalog/headers.json");
    return nlohmann::json::parse(in);
  }();
  const std::map<std::string, std::string> types = {{"String", "text"},  {"BoundaryType", "text"}, {"Integer", "i32"},
                                                    {"int", "i32"},      {"Long", "i64"},          {"long", "i64"},
                                                    {"Boolean", "bool"}, {"boolean", "bool"}};
  std::set<std::string> names;
  for (const std::string text : catalog.at(java_class).at("fields")) {
    const auto space = text.find(' ');
    const auto name = text.substr(0, space);
    if (name == "ns" || name == "nsd" || name == "oway" || name == "lo" || name == "bname") continue;
    names.insert(name + " " + types.at(text.substr(space + 1)));
  }
  return names;
}

// Fields that only our own programs send (docs/replication.md, "On the wire").
bool is_addition(const std::string& name) {
  static const std::set<std::string> additions = {"rmqk i32",    "promisedEpoch i32", "bootId text",
                                                  "leaseMs i64", "resign bool",       "resignEpoch i32"};
  return additions.contains(name);
}

// Fills every field with a value of its own.
class Filler {
 public:
  template <class T>
  void required(std::string_view key, T& value) {
    fill(key, value);
  }
  template <class T>
  void optional(std::string_view key, T& value) {
    fill(key, value);
  }

 private:
  static void fill(std::string_view key, std::string_view& value) { value = key; }
  void fill(std::string_view, std::int32_t& value) { value = static_cast<std::int32_t>(-++count_); }
  void fill(std::string_view, std::int64_t& value) { value = 5'000'000'000 + ++count_; }
  void fill(std::string_view, bool& value) { value = true; }
  template <class T>
  void fill(std::string_view key, std::optional<T>& value) {
    T inner{};
    fill(key, inner);
    value = inner;
  }
  std::int64_t count_ = 0;
};

template <class Header>
void check(const std::string& java_class) {
  CAPTURE(java_class);
  Header header;
  Lister lister;
  Header::visit(header, lister);
  std::set<std::string> ours;
  for (const auto& name : lister.names) {
    if (!name.starts_with("bname") && !is_addition(name)) ours.insert(name);
  }
  auto theirs = official(java_class);
  if (java_class == "GetAllTopicConfigRequestHeader" || java_class == "GetAllSubscriptionGroupRequestHeader") {
    // Old clients send no field at all, and the original takes that.
    theirs = {"dataVersion text", java_class == "GetAllTopicConfigRequestHeader" ? "topicSeq i32" : "groupSeq i32",
              java_class == "GetAllTopicConfigRequestHeader" ? "maxTopicNum i32" : "maxGroupNum i32"};
  }
  CHECK(ours == theirs);

  Filler filler;
  Header::visit(header, filler);
  for (const auto type : {SerializeType::kJson, SerializeType::kRocketMq}) {
    std::string frame;
    FrameWriter writer(frame, {.code = 1, .serialize_type = type});
    write_header(writer, header);
    writer.finish(0);
    FrameDecoder decoder;
    const auto* view = *decoder.decode(frame);
    const auto decoded = decode_header<Header>(*view);
    REQUIRE(decoded.has_value());
    Command again;
    set_header(again, *decoded);
    CHECK(again.ext_fields == Command::from(*view).ext_fields);
  }
  // Nothing set: fine unless something is required.
  const CommandView nothing;
  const bool any_required =
      std::any_of(lister.names.begin(), lister.names.end(), [](const auto& n) { return n.find('*') != n.npos; });
  CHECK(decode_header<Header>(nothing).has_value() != any_required);
}

TEST_CASE("headers have the official fields and survive both serializations") {
  check<PullMessageRequest>("PullMessageRequestHeader");
  check<PullMessageResponse>("PullMessageResponseHeader");
  check<QueryMessageRequest>("QueryMessageRequestHeader");
  check<QueryMessageResponse>("QueryMessageResponseHeader");
  check<ViewMessageRequest>("ViewMessageRequestHeader");
  check<QueryConsumerOffsetRequest>("QueryConsumerOffsetRequestHeader");
  check<QueryConsumerOffsetResponse>("QueryConsumerOffsetResponseHeader");
  check<UpdateConsumerOffsetRequest>("UpdateConsumerOffsetRequestHeader");
  check<SearchOffsetRequest>("SearchOffsetRequestHeader");
  check<SearchOffsetResponse>("SearchOffsetResponseHeader");
  check<GetMaxOffsetRequest>("GetMaxOffsetRequestHeader");
  check<GetMaxOffsetResponse>("GetMaxOffsetResponseHeader");
  check<GetMinOffsetRequest>("GetMinOffsetRequestHeader");
  check<GetMinOffsetResponse>("GetMinOffsetResponseHeader");
  check<GetEarliestMsgStoretimeRequest>("GetEarliestMsgStoretimeRequestHeader");
  check<GetEarliestMsgStoretimeResponse>("GetEarliestMsgStoretimeResponseHeader");
  check<ResetOffsetRequest>("ResetOffsetRequestHeader");
  check<UnregisterClientRequest>("UnregisterClientRequestHeader");
  check<GetConsumerListByGroupRequest>("GetConsumerListByGroupRequestHeader");
  check<NotifyConsumerIdsChangedRequest>("NotifyConsumerIdsChangedRequestHeader");
  check<GetConsumerRunningInfoRequest>("GetConsumerRunningInfoRequestHeader");
  check<ConsumeMessageDirectlyResultRequest>("ConsumeMessageDirectlyResultRequestHeader");
  check<GetConsumerStatusRequest>("GetConsumerStatusRequestHeader");
  check<GetConsumerConnectionListRequest>("GetConsumerConnectionListRequestHeader");
  check<GetProducerConnectionListRequest>("GetProducerConnectionListRequestHeader");
  check<PutKVConfigRequest>("PutKVConfigRequestHeader");
  check<GetKVConfigRequest>("GetKVConfigRequestHeader");
  check<GetKVConfigResponse>("GetKVConfigResponseHeader");
  check<DeleteKVConfigRequest>("DeleteKVConfigRequestHeader");
  check<GetKVListByNamespaceRequest>("GetKVListByNamespaceRequestHeader");
  check<RegisterBrokerRequest>("RegisterBrokerRequestHeader");
  check<RegisterBrokerResponse>("RegisterBrokerResponseHeader");
  check<UnregisterBrokerRequest>("UnRegisterBrokerRequestHeader");
  check<QueryDataVersionRequest>("QueryDataVersionRequestHeader");
  check<QueryDataVersionResponse>("QueryDataVersionResponseHeader");
  check<BrokerHeartbeatRequest>("BrokerHeartbeatRequestHeader");
  check<GetRouteInfoRequest>("GetRouteInfoRequestHeader");
  check<WipeWritePermOfBrokerRequest>("WipeWritePermOfBrokerRequestHeader");
  check<WipeWritePermOfBrokerResponse>("WipeWritePermOfBrokerResponseHeader");
  check<AddWritePermOfBrokerRequest>("AddWritePermOfBrokerRequestHeader");
  check<AddWritePermOfBrokerResponse>("AddWritePermOfBrokerResponseHeader");
  check<DeleteTopicFromNamesrvRequest>("DeleteTopicFromNamesrvRequestHeader");
  check<RegisterTopicRequest>("RegisterTopicRequestHeader");
  check<GetTopicsByClusterRequest>("GetTopicsByClusterRequestHeader");
  check<GetBrokerMemberGroupRequest>("GetBrokerMemberGroupRequestHeader");
  check<NotifyMinBrokerIdChangeRequest>("NotifyMinBrokerIdChangeRequestHeader");
  check<CreateTopicRequest>("CreateTopicRequestHeader");
  check<DeleteTopicRequest>("DeleteTopicRequestHeader");
  check<GetTopicConfigRequest>("GetTopicConfigRequestHeader");
  check<GetAllTopicConfigRequest>("GetAllTopicConfigRequestHeader");
  check<GetAllTopicConfigResponse>("GetAllTopicConfigResponseHeader");
  check<GetSubscriptionGroupConfigRequest>("GetSubscriptionGroupConfigRequestHeader");
  check<GetAllSubscriptionGroupRequest>("GetAllSubscriptionGroupRequestHeader");
  check<GetAllSubscriptionGroupResponse>("GetAllSubscriptionGroupResponseHeader");
  check<DeleteSubscriptionGroupRequest>("DeleteSubscriptionGroupRequestHeader");
  check<GetBrokerConfigResponse>("GetBrokerConfigResponseHeader");
  check<GetTopicStatsInfoRequest>("GetTopicStatsInfoRequestHeader");
  check<GetConsumeStatsRequest>("GetConsumeStatsRequestHeader");
  check<GetConsumeStatsInBrokerRequest>("GetConsumeStatsInBrokerHeader");
  check<QueryTopicConsumeByWhoRequest>("QueryTopicConsumeByWhoRequestHeader");
  check<QueryTopicsByConsumerRequest>("QueryTopicsByConsumerRequestHeader");
  check<QuerySubscriptionByConsumerRequest>("QuerySubscriptionByConsumerRequestHeader");
  check<QueryConsumeTimeSpanRequest>("QueryConsumeTimeSpanRequestHeader");
  check<QueryConsumeQueueRequest>("QueryConsumeQueueRequestHeader");
  check<QueryCorrectionOffsetRequest>("QueryCorrectionOffsetHeader");
  check<CloneGroupOffsetRequest>("CloneGroupOffsetRequestHeader");
  check<ViewBrokerStatsDataRequest>("ViewBrokerStatsDataRequestHeader");
  check<ResumeCheckHalfMessageRequest>("ResumeCheckHalfMessageRequestHeader");
  check<UpdateGroupForbiddenRequest>("UpdateGroupForbiddenRequestHeader");
  check<ExchangeHAInfoRequest>("ExchangeHAInfoRequestHeader");
  check<ExchangeHAInfoResponse>("ExchangeHAInfoResponseHeader");
  check<PopMessageRequest>("PopMessageRequestHeader");
  check<PopMessageResponse>("PopMessageResponseHeader");
  check<AckMessageRequest>("AckMessageRequestHeader");
  check<ChangeInvisibleTimeRequest>("ChangeInvisibleTimeRequestHeader");
  check<ChangeInvisibleTimeResponse>("ChangeInvisibleTimeResponseHeader");
  check<PeekMessageRequest>("PeekMessageRequestHeader");
  check<NotificationRequest>("NotificationRequestHeader");
  check<NotificationResponse>("NotificationResponseHeader");
  check<PollingInfoRequest>("PollingInfoRequestHeader");
  check<PollingInfoResponse>("PollingInfoResponseHeader");
  check<ConsumerSendMsgBackRequest>("ConsumerSendMsgBackRequestHeader");
  check<EndTransactionRequest>("EndTransactionRequestHeader");
  check<CheckTransactionStateRequest>("CheckTransactionStateRequestHeader");
  check<ReplyMessageRequest>("ReplyMessageRequestHeader");
  check<RecallMessageRequest>("RecallMessageRequestHeader");
  check<RecallMessageResponse>("RecallMessageResponseHeader");
  check<SendMessageResponse>("SendMessageResponseHeader");
  check<AlterSyncStateSetRequest>("AlterSyncStateSetRequestHeader");
  check<AlterSyncStateSetResponse>("AlterSyncStateSetResponseHeader");
  check<ElectMasterRequest>("ElectMasterRequestHeader");
  check<ElectMasterResponse>("ElectMasterResponseHeader");
  check<RegisterBrokerToControllerRequest>("RegisterBrokerToControllerRequestHeader");
  check<RegisterBrokerToControllerResponse>("RegisterBrokerToControllerResponseHeader");
  check<GetReplicaInfoRequest>("GetReplicaInfoRequestHeader");
  check<GetReplicaInfoResponse>("GetReplicaInfoResponseHeader");
  check<GetMetaDataResponse>("GetMetaDataResponseHeader");
  check<NotifyBrokerRoleChangedRequest>("NotifyBrokerRoleChangedRequestHeader");
  check<CleanControllerBrokerDataRequest>("CleanControllerBrokerDataRequestHeader");
  check<GetNextBrokerIdRequest>("GetNextBrokerIdRequestHeader");
  check<GetNextBrokerIdResponse>("GetNextBrokerIdResponseHeader");
  check<ApplyBrokerIdRequest>("ApplyBrokerIdRequestHeader");
  check<ApplyBrokerIdResponse>("ApplyBrokerIdResponseHeader");
}

TEST_CASE("the two forms of a send") {
  SendMessageRequest sent;
  Filler filler;
  SendMessageRequest::visit(sent, filler);
  for (const std::int32_t code : {10, 310, 320, 324, 325}) {
    CAPTURE(code);
    std::string frame;
    FrameWriter writer(frame, {.code = code});
    if (has_short_send_names(code)) {
      write_send_header_v2(writer, sent);
    } else {
      write_header(writer, sent);
    }
    writer.finish(0);
    FrameDecoder decoder;
    const auto* view = *decoder.decode(frame);
    CHECK(view->ext(code == 10 || code == 324 ? "topic" : "b") == "topic");
    const auto decoded = decode_send_header(*view);
    REQUIRE(decoded.has_value());
    Command a, b;
    set_header(a, sent);
    set_header(b, *decoded);
    CHECK(a.ext_fields == b.ext_fields);
  }
  Lister lister;
  SendMessageRequest::visit_v2(sent, lister);
  CHECK(lister.names == official("SendMessageRequestHeaderV2"));

  CommandView nothing;
  nothing.code = 310;
  CHECK(decode_send_header(nothing).error().message == "the custom field <a> is null");
}

TEST_CASE("fields are found in any order, and absent ones stay absent") {
  Command command;
  command.code = 310;
  for (const char* key : {"h", "g", "f", "e", "d"}) command.set(key, 7);
  for (const char* key : {"c", "b", "a"}) command.set(key, key);
  const auto view = command.view();
  const auto header = decode_send_header(view);
  REQUIRE(header.has_value());
  CHECK(header->topic == "b");
  CHECK(header->queue_id == 7);
  CHECK(header->properties.data() == nullptr);
  CHECK_FALSE(header->max_reconsume_times.has_value());
  command.set("l", "x");
  CHECK_FALSE(decode_send_header(command.view()).has_value());
  CHECK(decode_header<GetMaxOffsetRequest>(Command().set("topic", "T").set("queueId", 0).view())->committed);
}

}  // namespace
}  // namespace rmq::protocol
