#include "operator/controller/config_handler.h"

#include "common/base/log.h"
#include "common/protocol/codes.h"
#include "operator/controller/core.h"

namespace rmq::controller {
namespace {

using protocol::ResponseCode;

class ConfigHandler final : public remoting::Handler {
 public:
  explicit ConfigHandler(std::shared_ptr<Core> core) : core_(std::move(core)) {}

  void handle(const remoting::Request& request) override {
    if (request.command.code == protocol::RequestCode::kUpdateControllerConfig) return update(request);
    auto response = protocol::response_to(request.command, ResponseCode::kSuccess);
    if (core_->callbacks().config_shown) response.body = format_properties(core_->callbacks().config_shown());
    remoting::reply(request, std::move(response));
  }

 private:
  void update(const remoting::Request& request) {
    if (request.command.body.empty()) return remoting::reply(request, ResponseCode::kSuccess);
    auto changes = parse_properties(request.command.body);
    if (!changes) return remoting::reply(request, ResponseCode::kSystemError, "string2Properties error");
    const auto& by = request.connection->remote_address();
    const auto& change = core_->callbacks().config_update;
    const Status status = change ? change(*changes, by) : fail(ErrorKind::kDenied, "no setting changes at run time");
    if (!status) {
      log::warn("setting not changed", {{"by", by}, {"error", status.error()}});
      const bool denied = status.error().kind == ErrorKind::kDenied;
      return remoting::reply(request, denied ? ResponseCode::kNoPermission : ResponseCode::kInvalidParameter,
                             status.error().message);
    }
    for (const auto& [key, value] : *changes) {
      log::info("setting changed", {{"key", key}, {"value", value}, {"by", by}});
    }
    remoting::reply(request, ResponseCode::kSuccess);
  }

  const std::shared_ptr<Core> core_;
};

}  // namespace

std::shared_ptr<remoting::Handler> make_config_handler(std::shared_ptr<Core> core) {
  return std::make_shared<ConfigHandler>(std::move(core));
}

}  // namespace rmq::controller
