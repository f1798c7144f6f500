#include "broker/processor/group_admin_processor.h"

#include <algorithm>

#include "broker/processor/answers.h"
#include "broker/topic/names.h"
#include "common/base/json.h"
#include "common/base/log.h"
#include "common/protocol/headers/admin.h"

namespace rmq::broker {

using protocol::RequestCode;
using protocol::ResponseCode;
using protocol::SubscriptionGroupConfig;
using remoting::Request;

void GroupAdminProcessor::handle(const Request& request) {
  const auto code = request.command.code;
  const bool changes =
      code != RequestCode::kGetAllSubscriptionGroupConfig && code != RequestCode::kGetSubscriptionGroupConfig;
  if (changes && !config_.is_master()) return reply_not_from_slave(request);
  switch (request.command.code) {
    case RequestCode::kUpdateAndCreateSubscriptionGroup:
      if (auto group = body_or_answer<SubscriptionGroupConfig>(request)) {
        std::vector<SubscriptionGroupConfig> groups;
        groups.push_back(std::move(*group));
        update(request, std::move(groups));
      }
      return;
    case RequestCode::kUpdateAndCreateSubscriptionGroupList:
      if (auto list = body_or_answer<protocol::SubscriptionGroupList>(request))
        update(request, std::move(list->groups));
      return;
    case RequestCode::kGetAllSubscriptionGroupConfig: return list_all(request);
    case RequestCode::kDeleteSubscriptionGroup: return remove(request);
    case RequestCode::kGetSubscriptionGroupConfig: return get(request);
    case kUpdateAndGetGroupForbidden: return update_forbidden(request);
    default: return remoting::reply(request, ResponseCode::kRequestCodeNotSupported);
  }
}

void GroupAdminProcessor::update(const Request& request, std::vector<SubscriptionGroupConfig> groups) {
  for (const auto& group : groups) {
    if (auto status = validate_group(group.group_name); !status) {
      return reply_error(request, status.error(), ResponseCode::kInvalidParameter);
    }
    if (group.retry_queue_nums < 0 || group.retry_queue_nums > 65535) {
      return remoting::reply(request, ResponseCode::kInvalidParameter, "retryQueueNums must be within 0..65535");
    }
  }
  log::info("consumer groups set by administration",
            {{"from", request.connection->remote_address()}, {"count", groups.size()}});
  if (auto status = groups_.update(std::move(groups)); !status) return reply_error(request, status.error());
  reply_success(request);
}

void GroupAdminProcessor::remove(const Request& request) {
  auto header = header_or_answer<protocol::DeleteSubscriptionGroupRequest>(request);
  if (!header) return;
  auto status = groups_.remove(header->group_name);
  if (!status && status.error().kind != ErrorKind::kNotFound) return reply_error(request, status.error());
  if (header->clean_offset) offsets_.remove_group(header->group_name);
  reply_success(request);
}

void GroupAdminProcessor::list_all(const Request& request) {
  auto header = header_or_answer<protocol::GetAllSubscriptionGroupRequest>(request);
  if (!header) return;
  const bool paged = header->group_seq || header->max_group_num || header->data_version.data() != nullptr;
  auto response = protocol::response_to(request.command, ResponseCode::kSuccess);
  response.set("totalGroupNum", static_cast<std::int32_t>(groups_.size()));
  if (paged && config_.enable_split_metadata) {
    auto version = protocol::parse_body<protocol::DataVersion>(header->data_version);
    const std::int32_t most = std::min(config_.split_metadata_size.get(), header->max_group_num.value_or(INT32_MAX));
    response.body = protocol::to_body(groups_.page(static_cast<std::size_t>(std::max(0, header->group_seq.value_or(0))),
                                                   static_cast<std::size_t>(std::max(0, most)),
                                                   version ? std::optional(*version) : std::nullopt));
  } else {
    response.body = protocol::to_body(groups_.table());
  }
  remoting::reply(request, std::move(response));
}

void GroupAdminProcessor::get(const Request& request) {
  auto header = header_or_answer<protocol::GetSubscriptionGroupConfigRequest>(request);
  if (!header) return;
  auto group = groups_.find_or_create_and_wait(header->group);  // asking creates, as in the original
  if (!group) return remoting::reply(request, ResponseCode::kSubscriptionGroupNotExist, "No group in this broker");
  reply_body(request, **group);
}

void GroupAdminProcessor::update_forbidden(const Request& request) {
  auto header = header_or_answer<protocol::UpdateGroupForbiddenRequest>(request);
  if (!header) return;
  const std::string group(header->group);
  const std::string topic(header->topic);
  if (header->readable) {
    auto status = groups_.set_forbidden(group, topic, GroupManager::kForbiddenRead, !*header->readable);
    if (!status) return reply_error(request, status.error());
  }
  const bool readable = (groups_.forbidden(group, topic) & (1 << GroupManager::kForbiddenRead)) == 0;
  std::string body = R"({"group":)";
  append_json_string(body, group);
  body += readable ? R"(,"readable":true,"topic":)" : R"(,"readable":false,"topic":)";
  append_json_string(body, topic);
  body += '}';
  reply_bytes(request, std::move(body));
}

}  // namespace rmq::broker
