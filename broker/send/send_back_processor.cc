#include "broker/send/send_back_processor.h"

#include "broker/send/send_rules.h"
#include "broker/topic/names.h"
#include "common/base/bytes.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers/send.h"
#include "common/protocol/headers/transaction.h"
#include "common/protocol/message_id.h"
#include "common/protocol/message_properties.h"

namespace rmq::broker {
namespace {

using protocol::Property;
using protocol::ResponseCode;
using remoting::reply;
using store::AppendStatus;

constexpr std::int32_t kDlqQueues = 1;
constexpr std::int32_t kFirstRetryLevel = 3;

// Carries the question to the moment its message is stored.
class SendBackBatch final : public store::AppendBatch {
 public:
  explicit SendBackBatch(remoting::ReplyTo reply_to) : to(std::move(reply_to)) {}
  const remoting::ReplyTo to;
};

std::string message_id_of(const protocol::MessageRecord& record) {
  const auto host = record.store_host;
  return protocol::offset_message_id(host.substr(0, host.size() - 4),
                                     load_be<std::int32_t>(host.data() + host.size() - 4), record.physical_offset);
}

}  // namespace

SendBackProcessor::SendBackProcessor(const BrokerConfig& config, std::string store_host, store::MessageStore& store,
                                     TopicManager& topics, GroupManager& groups)
    : config_(config),
      store_host_(std::move(store_host)),
      store_(store),
      topics_(topics),
      groups_(groups),
      placer_(store) {}

void SendBackProcessor::handle(const remoting::Request& request) {
  const auto header = protocol::decode_header<protocol::ConsumerSendMsgBackRequest>(request.command);
  if (!header) return reply(request, ResponseCode::kSystemError, header.error().message);
  if (!config_.is_master()) return reply(request, ResponseCode::kSystemBusy, std::string(kRejectedByRole));
  const auto group = groups_.find_or_create_and_wait(header->group);
  if (!group) {
    return reply(request, ResponseCode::kSubscriptionGroupNotExist,
                 "subscription group not exist, " + std::string(header->group) + " create it first");
  }
  if (!config_.writable()) {
    return reply(request, ResponseCode::kNoPermission,
                 "the broker[" + config_.broker_ip1 + "] sending message is forbidden");
  }
  if ((*group)->retry_queue_nums <= 0) return reply(request, ResponseCode::kSuccess);

  const auto view = store_.record_at(static_cast<std::uint64_t>(header->offset));
  auto record =
      view ? protocol::decode_record(view.bytes) : Result<protocol::MessageRecord>(fail(ErrorKind::kNotFound, ""));
  if (!record) {
    return reply(request, ResponseCode::kSystemError,
                 "look message by offset failed, " + std::to_string(header->offset));
  }
  const auto most = max_reconsume_times(**group, request.command.version, header->max_reconsume_times);
  const bool dead = record->reconsume_times >= most || header->delay_level < 0;
  const auto topic_name = dead ? dlq_topic(header->group) : retry_topic(header->group);
  const auto queues = dead ? kDlqQueues : (*group)->retry_queue_nums;
  const auto topic = topics_.create_for_retry_and_wait(topic_name, queues, kPermWrite | kPermRead, false,
                                                       header->unit_mode && !dead ? kTopicUnitSub : 0);
  if (!topic) {
    return reply(request, ResponseCode::kSystemError, "topic[" + topic_name + "] not exist: " + topic.error().message);
  }
  if (((*topic)->perm & kPermWrite) == 0) {
    return reply(request, ResponseCode::kNoPermission, "the topic[" + topic_name + "] sending message is forbidden");
  }

  std::string properties(record->properties);
  auto set = [&](std::string_view name, std::string_view value) {
    return protocol::set_property(properties, name, value).has_value();
  };
  bool fits = true;
  if (!protocol::has_property(properties, Property::kRetryTopic)) fits = set(Property::kRetryTopic, record->topic);
  if (!protocol::has_property(properties, Property::kOriginMessageId)) {
    fits = set(Property::kOriginMessageId, message_id_of(*record)) && fits;
  }
  fits = set(Property::kWaitStoreMsgOk, "false") && fits;
  const auto level = dead                       ? 0
                     : header->delay_level == 0 ? kFirstRetryLevel + record->reconsume_times
                                                : header->delay_level;
  fits = set(Property::kDelayTimeLevel, std::to_string(level)) && fits;
  if (!fits)
    return reply(request, ResponseCode::kMessageIllegal, "the message's properties cannot take what a retry needs");

  NewMessage message;
  message.topic = topic_name;
  message.queue_id = random_queue(queues);
  message.flag = record->flag;
  message.sys_flag = record->sys_flag;
  message.born_timestamp = record->born_timestamp;
  message.born_host = record->born_host;
  message.store_host = store_host_;
  message.reconsume_times = record->reconsume_times + 1;
  message.body = record->body;
  message.properties = properties;

  auto batch = std::make_unique<SendBackBatch>(remoting::ReplyTo::of(request));
  batch->listener = this;
  // The consumer moves its offset once we answer: the copy must be as safe as the message was.
  batch->wait_for = store::kWaitFlush | store::kWaitReplicas;
  if (auto status = placer_.add(*batch, message, scan_properties(properties)); !status) {
    return reply(request, ResponseCode::kMessageIllegal, status.error().message);
  }
  std::unique_ptr<store::AppendBatch> appended = std::move(batch);
  if (const auto status = store_.append(appended); status != AppendStatus::kOk) {
    appended->status = status;
    on_appended(std::move(appended));
  }
}

void SendBackProcessor::on_appended(std::unique_ptr<store::AppendBatch> batch) noexcept {
  const auto& to = static_cast<const SendBackBatch&>(*batch).to;
  protocol::Command response;
  if (batch->status != AppendStatus::kOk) {
    response.code = ResponseCode::kSystemError;
    response.remark = "the message was not stored safely, send it back again";
  }
  to.send(std::move(response));
}

}  // namespace rmq::broker
