// GET_NAMESRV_CONFIG and UPDATE_NAMESRV_CONFIG.
#include "common/base/log.h"
#include "common/protocol/codes.h"
#include "namesrv/handlers.h"

namespace rmq::namesrv {
namespace {

using protocol::ResponseCode;

class ConfigHandler final : public remoting::Handler {
 public:
  explicit ConfigHandler(Services& services) : services_(services) {}

  void handle(const remoting::Request& request) override {
    if (request.command.code == protocol::RequestCode::kGetNamesrvConfig) {
      return reply_with_body(request, format_properties(services_.configuration.shown()));
    }
    update(request);
  }

 private:
  void update(const remoting::Request& request) {
    if (request.command.body.empty()) return remoting::reply(request, ResponseCode::kSuccess);
    auto properties = parse_properties(request.command.body);
    if (!properties) return remoting::reply(request, ResponseCode::kSystemError, "string2Properties error");
    auto& configuration = services_.configuration;
    if (auto status = configuration.update(*properties); !status) {
      log::warn("setting not changed", {{"by", request.connection->remote_address()}, {"error", status.error()}});
      bool denied = status.error().kind == ErrorKind::kDenied;
      return remoting::reply(request, denied ? ResponseCode::kNoPermission : ResponseCode::kInvalidParameter,
                             status.error().message);
    }
    services_.routes.set_options(configuration.route_options());  // forgets cached answers too
    for (const auto& [key, value] : *properties) {
      log::info("setting changed", {{"key", key}, {"value", value}, {"by", request.connection->remote_address()}});
    }
    if (auto status = configuration.persist(); !status) {
      log::warn("changed settings last until the next restart only", {{"error", status.error()}});
    }
    remoting::reply(request, ResponseCode::kSuccess);
  }

  Services& services_;
};

}  // namespace

std::shared_ptr<remoting::Handler> make_config_handler(Services& services) {
  return std::make_shared<ConfigHandler>(services);
}

}  // namespace rmq::namesrv
