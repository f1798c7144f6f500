#include "broker/pull/pull_processor.h"

#include "broker/pull/subscription.h"
#include "common/protocol/codes.h"
#include "common/protocol/message_flags.h"

namespace rmq::broker {
namespace {

using protocol::PullFlag;
using protocol::ResponseCode;
using remoting::reply;
using remoting::Request;
using store::GetStatus;

constexpr std::size_t kMaxHeld = 1'000'000;

// ForbiddenType of the original: who says no.
struct Forbidden {
  static constexpr std::int32_t kBroker = 1, kGroup = 2, kTopic = 3, kBroadcasting = 4, kSubscription = 5;
};

class TagMessageFilter final : public store::MessageFilter {
 public:
  explicit TagMessageFilter(const TagFilter& filter) : filter_(filter) {}
  bool matches_tags(std::int64_t tags_code) const override { return filter_.matches(tags_code); }

 private:
  const TagFilter& filter_;
};

std::int32_t code_of(GetStatus status, std::int64_t asked_offset) {
  switch (status) {
    case GetStatus::kFound: return ResponseCode::kSuccess;
    case GetStatus::kMessageWasRemoving:
    case GetStatus::kNoMatchedMessage: return ResponseCode::kPullRetryImmediately;
    case GetStatus::kNoMatchedLogicQueue:
    case GetStatus::kNoMessageInQueue:
      return asked_offset != 0 ? ResponseCode::kPullOffsetMoved : ResponseCode::kPullNotFound;
    case GetStatus::kOffsetFoundNull:
    case GetStatus::kOffsetOverflowOne: return ResponseCode::kPullNotFound;
    case GetStatus::kOffsetOverflowBadly:
    case GetStatus::kOffsetTooSmall:
    case GetStatus::kOffsetReset: return ResponseCode::kPullOffsetMoved;
  }
  return ResponseCode::kSystemError;
}

// What keeps the parts valid until they have left.
std::shared_ptr<const void> owner_of(const store::GetResult& result) {
  if (result.owners.empty()) return nullptr;
  if (result.owners.size() == 1) return result.owners.front();
  return std::make_shared<const std::vector<store::SegmentPtr>>(result.owners);
}

}  // namespace

PullProcessor::PullProcessor(const BrokerConfig& config, store::MessageStore& store, TopicManager& topics,
                             GroupManager& groups, Clients& clients, ConsumerOffsets& offsets,
                             remoting::WorkerPool& workers, const Clock& clock)
    : config_(config),
      store_(store),
      topics_(topics),
      groups_(groups),
      clients_(clients),
      offsets_(offsets),
      workers_(workers),
      clock_(clock),
      hold_(clock, kMaxHeld, [this](HeldPull&& pull) { wake(std::move(pull)); }) {}

void PullProcessor::handle(const Request& request) {
  pull(request, {});
}

void PullProcessor::pull(const Request& request, How how) {
  Admission admission;
  if (!admit(request, how, admission)) return;
  const auto& header = admission.header;
  // The queue's pointer is what long polls wait on, so it must exist even before the first message.
  const auto& queue = store_.queue(header.topic, header.queue_id);

  if (const auto reset = offsets_.take_reset(header.consumer_group, header.topic, header.queue_id)) {
    store::GetResult moved;
    moved.status = GetStatus::kOffsetReset;
    moved.next_offset = *reset;
    moved.min_offset = queue.min_offset();
    moved.max_offset = queue.max_offset();
    return answer(request, admission, moved, how);
  }
  if (!how.may_block && store_.is_cold(queue, header.queue_offset)) {
    return run_on_worker(request, {how.may_hold, true});
  }
  const TagMessageFilter filter(admission.filter);
  store::GetRequest get;
  get.offset = header.queue_offset;
  get.max_messages = header.max_msg_nums;
  if (header.max_msg_bytes && *header.max_msg_bytes > 0) get.max_bytes = *header.max_msg_bytes;
  get.filter = admission.filter.codes.empty() ? nullptr : &filter;
  const auto result = store_.get(&queue, get);
  const auto code = code_for(result, header.queue_offset);
  const bool may_suspend = how.may_hold && (header.sys_flag & PullFlag::kSuspend) != 0;
  if (code == ResponseCode::kPullNotFound && may_suspend && hold_back(request, admission, queue)) return;
  answer(request, admission, result, how);
}

void PullProcessor::refuse(const Request& request, std::int32_t code, std::string remark, std::int32_t forbidden_type) {
  auto response = protocol::response_to(request.command, code, std::move(remark));
  if (forbidden_type != 0) response.set("forbiddenType", forbidden_type);
  reply(request, std::move(response));
}

bool PullProcessor::admit(const Request& request, How how, Admission& admission) {
  auto header = protocol::decode_header<protocol::PullMessageRequest>(request.command);
  if (!header) return refuse(request, ResponseCode::kSystemError, header.error().message), false;
  admission.header = *header;
  const std::string group(header->consumer_group);
  const std::string topic(header->topic);
  if (!config_.serves_pulls()) return refuse(request, ResponseCode::kSystemBusy, std::string(kRejectedByRole)), false;
  if (!config_.readable()) {
    refuse(request, ResponseCode::kNoPermission, "the broker[" + config_.broker_ip1 + "] pulling message is forbidden",
           Forbidden::kBroker);
    return false;
  }
  if (request.command.code == protocol::RequestCode::kLitePullMessage && !config_.lite_pull_message_enable) {
    refuse(request, ResponseCode::kNoPermission,
           "the broker[" + config_.broker_ip1 + "] for lite pull consumer is forbidden", Forbidden::kBroker);
    return false;
  }
  admission.group = groups_.find(group);
  if (!admission.group) {
    create_group(request, how);
    return false;
  }
  if (!admission.group->consume_enable) {
    refuse(request, ResponseCode::kNoPermission, "subscription group no permission, " + group, Forbidden::kGroup);
    return false;
  }
  admission.topic = topics_.find(topic);
  if (!admission.topic) {
    refuse(request, ResponseCode::kTopicNotExist, "topic[" + topic + "] not exist, apply first please!");
    return false;
  }
  if ((admission.topic->perm & kPermRead) == 0) {
    refuse(request, ResponseCode::kNoPermission, "the topic[" + topic + "] pulling message is forbidden",
           Forbidden::kTopic);
    return false;
  }
  if (header->queue_id < 0 || header->queue_id >= admission.topic->read_queue_nums) {
    refuse(request, ResponseCode::kInvalidParameter,
           "queueId[" + std::to_string(header->queue_id) + "] is illegal, topic:[" + topic +
               "] topicConfig.readQueueNums:[" + std::to_string(admission.topic->read_queue_nums) + "] consumer:[" +
               request.connection->remote_address() + "]");
    return false;
  }
  return admit_subscription(request, admission);
}

bool PullProcessor::admit_subscription(const Request& request, Admission& admission) {
  const auto& header = admission.header;
  auto& consumers = clients_.consumers();
  SubscriptionPtr subscription;
  if ((header.sys_flag & PullFlag::kSubscription) != 0) {
    auto parsed = parse_subscription(header.topic, header.subscription, header.expression_type);
    if (!parsed) {
      refuse(request, ResponseCode::kSubscriptionParseFailed, "parse the consumer's subscription failed");
      return false;
    }
    if (!consumers.find(header.consumer_group)) consumers.remember_subscription(header.consumer_group, *parsed);
    subscription = std::make_shared<protocol::SubscriptionData>(std::move(*parsed));
  } else {
    const auto members = consumers.find(header.consumer_group);
    if (!members) {
      refuse(request, ResponseCode::kSubscriptionNotExist, "the consumer's group info not exist");
      return false;
    }
    if (!admission.group->consume_broadcast_enable && members->message_model == protocol::MessageModel::kBroadcasting) {
      refuse(request, ResponseCode::kNoPermission,
             "the consumer group[" + std::string(header.consumer_group) + "] can not consume by broadcast way",
             Forbidden::kBroadcasting);
      return false;
    }
    if ((groups_.forbidden(header.consumer_group, header.topic) & kPermRead) != 0) {
      refuse(request, ResponseCode::kNoPermission,
             "the consumer group[" + std::string(header.consumer_group) + "] is forbidden for topic[" +
                 std::string(header.topic) + "]",
             Forbidden::kSubscription);
      return false;
    }
    subscription = consumers.find_subscription(header.consumer_group, header.topic);
    if (!subscription) {
      refuse(request, ResponseCode::kSubscriptionNotExist, "the consumer's subscription not exist");
      return false;
    }
    if (subscription->sub_version < header.sub_version) {
      refuse(request, ResponseCode::kSubscriptionNotLatest, "the consumer's subscription not latest");
      return false;
    }
  }
  if (!is_tag_type(subscription->expression_type)) {
    refuse(request, ResponseCode::kSystemError,
           "The broker does not support consumer to filter message by " + subscription->expression_type);
    return false;
  }
  admission.filter = tag_filter(*subscription);
  return true;
}

bool PullProcessor::hold_back(const Request& request, Admission& admission, const store::TopicQueue& queue) {
  HeldPull held;
  held.request = protocol::Command::from(request.command);
  held.connection = request.connection;
  held.queue = &queue;
  held.offset = admission.header.queue_offset;
  const std::int64_t limit =
      config_.long_polling_enable ? admission.header.suspend_timeout_millis : config_.short_polling_time;
  held.deadline_ms = clock_.monotonic_ms() + limit;
  held.filter = std::move(admission.filter);
  return hold_.hold(std::move(held));
}

std::int32_t PullProcessor::code_for(const store::GetResult& result, std::int64_t asked_offset) const {
  const auto code = code_of(result.status, asked_offset);
  if (!config_.is_slave() || code == ResponseCode::kSuccess) return code;
  // Back to the master, if there is one to go to.
  if (!result.suggest_replica && config_.follows_master) return ResponseCode::kPullRetryImmediately;
  // Only the master knows for sure where a queue ends.
  const bool correct = code != ResponseCode::kPullOffsetMoved || config_.offset_check_in_slave;
  return correct ? code : ResponseCode::kPullRetryImmediately;
}

std::int64_t PullProcessor::suggested_broker(const store::GetResult& result,
                                             const protocol::SubscriptionGroupConfig& group) const {
  constexpr std::int64_t kMaster = 0;
  if (!config_.slave_read_enable || (config_.is_slave() && !result.suggest_replica)) return kMaster;
  return result.suggest_replica ? group.which_broker_when_consume_slowly : group.broker_id;
}

void PullProcessor::answer(const Request& request, const Admission& admission, const store::GetResult& result,
                           How how) {
  const auto& header = admission.header;
  offsets_.commit_pull(header.consumer_group, header.topic, header.queue_id, result.next_offset);
  if (how.may_hold && (header.sys_flag & PullFlag::kCommitOffset) != 0) {
    offsets_.commit(header.consumer_group, header.topic, header.queue_id, header.commit_offset);
  }
  if (request.command.is_oneway()) return;
  protocol::PullMessageResponse fields;
  fields.next_begin_offset = result.next_offset;
  fields.min_offset = result.min_offset;
  fields.max_offset = result.max_offset;
  fields.topic_sys_flag = admission.topic->topic_sys_flag;
  fields.group_sys_flag = admission.group->group_sys_flag;
  fields.suggest_which_broker_id = suggested_broker(result, *admission.group);

  remoting::OutgoingFrame frame;
  const auto to = remoting::ReplyTo::of(request);
  protocol::FrameWriter writer(frame.head, to.head(code_for(result, header.queue_offset), to_string(result.status)));
  protocol::write_header(writer, fields);
  writer.finish(static_cast<std::size_t>(result.bytes));
  frame.segments.reserve(result.parts.size());
  for (const auto part : result.parts) frame.segments.push_back({part});
  frame.owner = owner_of(result);
  request.connection->send(std::move(frame));
}

void PullProcessor::run_on_worker(const Request& request, How how) {
  auto command = std::make_shared<protocol::Command>(protocol::Command::from(request.command));
  const bool taken = workers_.post([this, command, connection = request.connection, how] {
    const auto view = command->view();
    pull(Request{view, connection}, how);
  });
  if (!taken) reply(request, ResponseCode::kSystemBusy, "[OVERLOAD]too many requests are waiting, try again");
}

// A group that pulls for the first time; handles a copy of the request again once the group is on the disk.
void PullProcessor::create_group(const Request& request, How how) {
  auto command = std::make_shared<protocol::Command>(protocol::Command::from(request.command));
  auto connection = request.connection;
  groups_.find_or_create(request.command.ext("consumerGroup"),
                         [this, command, connection, how](const Result<GroupPtr>& group) {
                           const auto view = command->view();
                           if (!group) {
                             return reply(Request{view, connection}, ResponseCode::kSubscriptionGroupNotExist,
                                          "subscription group [" + std::string(view.ext("consumerGroup")) +
                                              "] does not exist: " + group.error().message);
                           }
                           connection->post([this, command, connection, how] {
                             const auto again = command->view();
                             pull(Request{again, connection}, how);
                           });
                         });
}

// Once more, on the connection's own thread; this time it is answered whatever is found.
void PullProcessor::wake(HeldPull&& pull_again) {
  auto command = std::make_shared<protocol::Command>(std::move(pull_again.request));
  auto connection = std::move(pull_again.connection);
  connection->post([this, command, connection] {
    const auto view = command->view();
    pull(Request{view, connection}, {false, false});
  });
}

}  // namespace rmq::broker
