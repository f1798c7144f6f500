#include "broker/processor/store_admin_processor.h"

#include <algorithm>
#include <set>

#include "broker/processor/answers.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/protocol/headers/admin.h"

namespace rmq::broker {

using protocol::RequestCode;
using protocol::ResponseCode;
using remoting::Request;

namespace {

constexpr std::int32_t kMaxUnits = 10'000;  // about 1 MB of answer
constexpr std::string_view kLightQueuePrefix = "%LMQ%";

}  // namespace

void StoreAdminProcessor::handle(const Request& request) {
  switch (request.command.code) {
    case RequestCode::kQueryConsumeQueue: return query_queue(request);
    case kCleanExpiredConsumeQueue: store_.clean(); return reply_success(request);
    case kDeleteExpiredCommitLog: store_.clean(true); return reply_success(request);
    case kCleanUnusedTopic: return clean_unused_topics(request);
    default: return remoting::reply(request, ResponseCode::kRequestCodeNotSupported);
  }
}

void StoreAdminProcessor::query_queue(const Request& request) {
  auto header = header_or_answer<protocol::QueryConsumeQueueRequest>(request);
  if (!header) return;
  const store::TopicQueue* queue = store_.find_queue(header->topic, header->queue_id);
  if (queue == nullptr) {
    return remoting::reply(request, ResponseCode::kSystemError,
                           std::to_string(header->queue_id) + "@" + std::string(header->topic) + " is not exist!");
  }
  const std::int64_t min = queue->min_offset();
  const std::int64_t max = queue->max_offset();
  std::string body = "{";
  SubscriptionPtr subscription;
  if (!header->consumer_group.empty()) {
    subscription = clients_.consumers().find_subscription(header->consumer_group, header->topic);
    body += R"("filterData":)";
    append_json_string(body, subscription != nullptr ? "null"
                                                     : std::string(header->consumer_group) + "@" +
                                                           std::string(header->topic) + " is not online!");
    body += ',';
  }
  body += R"("maxQueueIndex":)" + std::to_string(max) + R"(,"minQueueIndex":)" + std::to_string(min);
  auto response = protocol::response_to(request.command, ResponseCode::kSuccess);
  if (header->index < min || header->index >= max) {
    response.remark = "Index " + std::to_string(header->index) + " of " + std::to_string(header->queue_id) + "@" +
                      std::string(header->topic) + " is not exist!";
  } else {
    std::vector<store::QueueUnit> units;
    const auto count = static_cast<std::size_t>(std::clamp(header->count, 0, kMaxUnits));
    if (auto status = store_.read_units(*queue, header->index, count, units); !status) {
      return reply_error(request, status.error());
    }
    body += R"(,"queueData":[)";
    bool first = true;
    for (const auto& unit : units) {
      if (!first) body += ',';
      first = false;
      body += R"({"eval":false,"physicOffset":)" + std::to_string(unit.physical_offset) + R"(,"physicSize":)" +
              std::to_string(unit.size) + R"(,"tagsCode":)" + std::to_string(unit.tags_code) + '}';
    }
    body += ']';
  }
  if (subscription != nullptr) {
    body += R"(,"subscriptionData":)";
    protocol::append_body(body, *subscription);
  }
  body += '}';
  response.body = std::move(body);
  remoting::reply(request, std::move(response));
}

void StoreAdminProcessor::clean_unused_topics(const Request& request) {
  std::set<std::string> unused;
  for (const store::TopicQueue* queue : store_.queues().all()) {
    const std::string& topic = queue->topic();
    if (!topics_.contains(topic) && !topics_.is_system(topic) && !topic.starts_with(kLightQueuePrefix))
      unused.insert(topic);
  }
  for (const std::string& topic : unused) {
    log::info("queues of a topic that is gone deleted", {{"topic", topic}});
    store_.remove_topic(topic);
  }
  reply_success(request);
}

}  // namespace rmq::broker
