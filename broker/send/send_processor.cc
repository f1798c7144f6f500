#include "broker/send/send_processor.h"

#include <unistd.h>

#include "broker/client/queue_locks.h"
#include "broker/send/host_bytes.h"
#include "broker/send/send_rules.h"
#include "broker/topic/names.h"
#include "common/base/log.h"
#include "common/protocol/codes.h"
#include "common/protocol/message_batch.h"
#include "common/protocol/message_flags.h"
#include "common/protocol/message_properties.h"

namespace rmq::broker {
namespace {

using protocol::Property;
using protocol::RequestCode;
using protocol::ResponseCode;
using remoting::reply;
using remoting::Request;
using store::AppendStatus;

constexpr std::int32_t kPrepared = protocol::MessageFlag::kTransactionPrepared;

std::string property(std::string_view name, std::string_view value) {
  std::string text(name);
  text += protocol::kPropertyNameEnd;
  text += value;
  text += protocol::kPropertyEnd;
  return text;
}

std::string ip_of(const std::string& host) {
  return host.substr(0, host.size() - 4);
}

}  // namespace

SendProcessor::SendProcessor(const BrokerConfig& config, std::string store_host, store::MessageStore& store,
                             TopicManager& topics, GroupManager& groups, const QueueLocks& locks, const Clock& clock,
                             std::size_t io_threads)
    : config_(config),
      store_(store),
      topics_(topics),
      groups_(groups),
      locks_(locks),
      clock_(clock),
      placer_(store),
      context_{std::move(store_host), config.region_id, config.trace_on},
      marks_(property(Property::kMsgRegion, config.region_id) +
             property(Property::kTraceSwitch, config.trace_on ? "true" : "false") +
             property(Property::kCluster, config.broker_cluster_name)),
      ids_(ip_of(context_.store_host), static_cast<std::uint16_t>(::getpid()), 0),
      bursts_(io_threads) {}

void SendProcessor::handle(const Request& request) {
  auto& burst = bursts_[request.connection->thread_index()];
  if (burst.host_connection != request.connection->id()) {
    auto host = host_bytes(request.connection->remote_address());
    burst.born_host = host ? std::move(*host) : std::string(8, '\0');
    burst.host_connection = request.connection->id();
  }
  accept(request, burst.batch, burst.born_host);
}

void SendProcessor::end_of_burst(const remoting::ConnectionPtr& connection) {
  auto& batch = bursts_[connection->thread_index()].batch;
  if (batch) submit(std::exchange(batch, nullptr));
}

void SendProcessor::accept(const Request& request, std::unique_ptr<SendBatch>& batch, const std::string& born_host) {
  Admission admission;
  auto header = protocol::decode_send_header(request.command);
  if (!header) return reply(request, ResponseCode::kSystemError, header.error().message);
  admission.header = *header;
  if (!admit(request, admission)) return;

  const bool many = request.command.code == RequestCode::kSendBatchMessage || admission.header.batch;
  auto scanned = scan_properties(admission.header.properties);
  if (admission.without_delay) scanned.delay_level = {};
  if (scanned.transaction || (admission.header.sys_flag & protocol::MessageFlag::kTransactionMask) == kPrepared) {
    return reply(request, ResponseCode::kNoPermission,
                 "the broker[" + config_.broker_ip1 + "] sending transaction message is forbidden");
  }
  if (scanned.timer && scanned.delay_level.empty()) {
    return reply(request, ResponseCode::kMessageIllegal, "timer message is not enabled, timerWheelEnable is false");
  }

  // Messages that don't wait for the disk must not be held up by others that do.
  if (batch && (batch->wait_for != store::kWaitNothing) != scanned.wait_stored) {
    submit(std::exchange(batch, nullptr));
  }
  if (!batch) batch = new_batch(request.connection, scanned.wait_stored);
  const auto status = many ? add_batched(request, admission, *batch, born_host)
                           : add_single(request, admission, *batch, born_host, scanned);
  if (!status) {
    batch->cancel_answer();
    reply(request, ResponseCode::kMessageIllegal, status.error().message);
  }
}

bool SendProcessor::admit(const Request& request, Admission& admission) {
  const auto& header = admission.header;
  auto refuse = [&](std::int32_t code, std::string remark) {
    reply(request, code, std::move(remark));
    return false;
  };
  if (!config_.is_master()) return refuse(ResponseCode::kSystemBusy, std::string(kRejectedByRole));
  if (clock_.wall_ms() < config_.start_accept_send_request_time) {
    return refuse(ResponseCode::kSystemError,
                  "broker unable to service, until " + std::to_string(config_.start_accept_send_request_time.get()));
  }
  if (!config_.writable()) {
    return refuse(ResponseCode::kNoPermission, "the broker[" + config_.broker_ip1 + "] sending message is forbidden");
  }
  const auto body_limit = static_cast<std::size_t>(config_.max_message_size.get());
  if (request.command.body.size() > body_limit) {
    return refuse(ResponseCode::kMessageIllegal,
                  "the message is illegal, maybe msg body or properties length not matched. msg body length limit " +
                      std::to_string(body_limit) + "B, msg properties length limit 32KB.");
  }
  admission.topic = topics_.find(header.topic);
  if (!admission.topic) {
    if (auto status = validate_topic(header.topic); !status) {
      return refuse(ResponseCode::kInvalidParameter, status.error().message);
    }
    topics_.create_for_send(std::string(header.topic), header.default_topic, header.default_topic_queue_nums,
                            header.unit_mode ? kTopicUnit : 0, again(request));
    return false;
  }
  if (is_send_refused(header.topic)) {
    return refuse(ResponseCode::kNoPermission,
                  "Sending message to topic[" + std::string(header.topic) + "] is forbidden.");
  }
  const auto queues = std::max(admission.topic->read_queue_nums, admission.topic->write_queue_nums);
  if (header.queue_id >= queues) {
    return refuse(ResponseCode::kInvalidParameter, "request queueId[" + std::to_string(header.queue_id) +
                                                       "] is illegal, topic " + std::string(header.topic) + " has " +
                                                       std::to_string(queues) +
                                                       " queues. Producer: " + request.connection->remote_address());
  }
  admission.queue_id = header.queue_id >= 0 ? header.queue_id : random_queue(admission.topic->write_queue_nums);
  return !is_retry_topic(header.topic) || admit_retry(request, admission);
}

// A consumer that sends a failed message back by itself: beyond the group's limit it becomes a dead letter.
bool SendProcessor::admit_retry(const Request& request, Admission& admission) {
  const auto group = admission.header.topic.substr(kRetryPrefix.size());
  const auto config = groups_.find(group);
  if (!config) {
    reply(request, ResponseCode::kSubscriptionGroupNotExist,
          "subscription group not exist, " + std::string(group) + " create it first");
    return false;
  }
  const auto most = max_reconsume_times(*config, request.command.version, admission.header.max_reconsume_times);
  if (admission.header.reconsume_times <= most && locks_.all_expired(group)) return true;
  admission.topic_changed = dlq_topic(group);
  admission.topic = topics_.find(admission.topic_changed);
  if (!admission.topic) {
    topics_.create_for_retry(admission.topic_changed, 1, kPermWrite | kPermRead, false, 0, again(request));
    return false;
  }
  admission.header.topic = admission.topic_changed;
  admission.queue_id = 0;
  admission.without_delay = true;
  return true;
}

Status SendProcessor::add_single(const Request& request, const Admission& admission, SendBatch& batch,
                                 const std::string& born_host, const ScannedProperties& scanned) {
  const auto& header = admission.header;
  NewMessage message;
  message.topic = header.topic;
  message.queue_id = admission.queue_id;
  message.flag = header.flag;
  message.sys_flag = header.sys_flag;
  message.born_timestamp = header.born_timestamp;
  message.born_host = born_host;
  message.store_host = context_.store_host;
  message.reconsume_times = header.reconsume_times;
  message.body = request.command.body;
  message.properties = header.properties;
  message.more_properties = marks_;

  std::string rewritten;
  std::string uniq_key(scanned.uniq_key);
  if (scanned.broker_marks || uniq_key.empty() || admission.without_delay) {
    rewritten = header.properties;
    for (auto name : {Property::kMsgRegion, Property::kTraceSwitch, Property::kCluster}) {
      protocol::remove_property(rewritten, name);
    }
    if (admission.without_delay) protocol::remove_property(rewritten, Property::kDelayTimeLevel);
    if (uniq_key.empty()) {
      uniq_key = ids_.next(clock_.wall_ms());
      RMQ_CHECK_OK(protocol::set_property(rewritten, Property::kUniqKey, uniq_key));
    }
    message.properties = rewritten;
  }
  batch.begin_answer(request.command, admission.queue_id, uniq_key);
  RMQ_CHECK_OK(placer_.add(batch, message, scanned));
  batch.end_answer();
  return {};
}

Status SendProcessor::add_batched(const Request& request, const Admission& admission, SendBatch& batch,
                                  const std::string& born_host) {
  const auto& header = admission.header;
  batch.begin_answer(request.command, admission.queue_id, {});
  if (is_retry_topic(header.topic)) return fail(ErrorKind::kInvalid, "batch request does not support retry group");
  if (header.topic.size() > protocol::kMaxTopicV1Bytes) {
    return fail(ErrorKind::kInvalid, "message topic length over 127, not support in batch");
  }
  // All or nothing: what is wrong is found before the first record is added.
  RMQ_TRY(const auto messages, protocol::decode_batch(request.command.body));
  if (messages.empty()) return fail(ErrorKind::kInvalid, "the batch is empty");
  for (const auto& item : messages) {
    if (item.properties.size() + marks_.size() + 1 > protocol::kMaxPropertiesBytes) {
      return fail(ErrorKind::kInvalid, "message properties length too long");
    }
  }
  NewMessage message;
  message.topic = header.topic;
  message.queue_id = admission.queue_id;
  message.sys_flag = header.sys_flag;
  message.born_timestamp = header.born_timestamp;
  message.born_host = born_host;
  message.store_host = context_.store_host;
  message.reconsume_times = header.reconsume_times;
  message.more_properties = marks_;
  for (const auto& item : messages) {
    message.flag = item.flag;
    message.body = item.body;
    message.properties = item.properties;
    RMQ_CHECK_OK(placer_.add(batch, message, {}));  // a batch knows no delay
  }
  batch.end_answer();
  return {};
}

TopicManager::Done SendProcessor::again(const Request& request) {
  auto command = std::make_shared<protocol::Command>(protocol::Command::from(request.command));
  return [this, command, connection = request.connection](const Result<TopicPtr>& created) {
    if (!created) {
      const bool refused = created.error().kind == ErrorKind::kNotFound || created.error().kind == ErrorKind::kInvalid;
      const auto view = command->view();
      return reply(Request{view, connection}, refused ? ResponseCode::kTopicNotExist : ResponseCode::kSystemError,
                   created.error().message);
    }
    connection->post([this, command, connection] {
      const auto view = command->view();
      const auto host = host_bytes(connection->remote_address());
      std::unique_ptr<SendBatch> batch;
      accept(Request{view, connection}, batch, host ? *host : std::string(8, '\0'));
      if (batch) submit(std::move(batch));
    });
  };
}

std::unique_ptr<SendBatch> SendProcessor::new_batch(const remoting::ConnectionPtr& connection, bool wait_stored) {
  auto batch = std::make_unique<SendBatch>(context_);
  batch->start(connection);
  batch->listener = this;
  batch->wait_for = wait_stored ? store::kWaitFlush | store::kWaitReplicas : store::kWaitNothing;
  return batch;
}

void SendProcessor::submit(std::unique_ptr<SendBatch> batch) {
  if (batch->empty()) return;  // every request of it was refused
  std::unique_ptr<store::AppendBatch> appended = std::move(batch);
  const auto status = store_.append(appended);
  if (status == AppendStatus::kOk) return;
  appended->status = status;
  on_appended(std::move(appended));
}

void SendProcessor::on_appended(std::unique_ptr<store::AppendBatch> batch) noexcept {
  static_cast<const SendBatch&>(*batch).answer_all();
}

}  // namespace rmq::broker
