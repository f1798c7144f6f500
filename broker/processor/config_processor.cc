#include "broker/processor/config_processor.h"

#include "broker/processor/answers.h"
#include "common/base/log.h"
#include "common/protocol/headers/admin.h"

namespace rmq::broker {

using protocol::ResponseCode;
using remoting::Request;

void ConfigProcessor::handle(const Request& request) {
  if (request.command.code == protocol::RequestCode::kUpdateBrokerConfig) return update(request);
  show(request);
}

void ConfigProcessor::update(const Request& request) {
  auto changes = parse_properties(request.command.body);
  if (!changes) return reply_error(request, changes.error());
  if (auto status = config_.update(*changes); !status) {
    log::warn("configuration change refused",
              {{"from", request.connection->remote_address()}, {"error", status.error()}});
    switch (status.error().kind) {
      case ErrorKind::kDenied: return reply_error(request, status.error(), ResponseCode::kNoPermission);
      case ErrorKind::kInvalid: return reply_error(request, status.error(), ResponseCode::kInvalidParameter);
      default: return reply_error(request, status.error());
    }
  }
  for (const auto& [key, value] : *changes) {
    log::info("setting changed", {{"key", key}, {"value", value}, {"from", request.connection->remote_address()}});
  }
  if (changes->contains("brokerPermission") && on_permission_) on_permission_();
  reply_success(request);
}

void ConfigProcessor::show(const Request& request) {
  auto response = protocol::response_to(request.command, ResponseCode::kSuccess);
  response.set("version", protocol::to_body(config_.version()));
  response.body = format_properties(config_.shown());
  remoting::reply(request, std::move(response));
}

}  // namespace rmq::broker
