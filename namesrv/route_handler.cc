// GET_ROUTEINFO_BY_TOPIC: nearly all of a name server's requests.
#include "common/protocol/codes.h"
#include "common/protocol/headers/ext_names.h"
#include "common/protocol/headers/namesrv.h"
#include "namesrv/handlers.h"

namespace rmq::namesrv {
namespace {

using protocol::ResponseCode;

constexpr std::int16_t kVersion4_9_4 = 401;   // from here on clients read standard JSON
constexpr std::size_t kCopyBelow = 8 * 1024;  // a copy is cheaper than one more piece in the gathered write

class RouteHandler final : public remoting::Handler {
 public:
  explicit RouteHandler(Services& services) : services_(services) {
    order_conf_ = [this](std::string_view topic) -> std::optional<std::string> {
      if (!services_.configuration.order_messages()) return std::nullopt;
      return services_.kv.get(kOrderTopicNamespace, topic);
    };
  }

  void handle(const remoting::Request& request) override {
    auto header = protocol::decode_header<protocol::GetRouteInfoRequest>(request.command);
    if (!header) return reply_error(request, header.error());
    if (!services_.serves_routes()) {
      return remoting::reply(request, ResponseCode::kSystemError, "name server not ready");
    }
    auto zone = request.command.ext(protocol::ExtName::kZoneName);
    if (zone.find_first_not_of(" \t") != std::string_view::npos &&
        protocol::FieldReader(request.command).optional_bool(protocol::ExtName::kZoneMode, false)) {
      auto body = services_.routes.route_in_zone(header->topic, zone, order_conf_);
      return body ? reply_with_body(request, *std::move(body)) : reply_absent(request, header->topic);
    }
    bool standard = request.command.version >= kVersion4_9_4 || header->accept_standard_json_only.value_or(false);
    auto answer =
        services_.routes.route(header->topic, standard ? JsonForm::kStandard : JsonForm::kFastjson, order_conf_);
    if (answer == nullptr) return reply_absent(request, header->topic);
    if (request.command.is_oneway()) return;

    remoting::OutgoingFrame frame;
    frame.head.reserve(256 + (answer->size() <= kCopyBelow ? answer->size() : 0));
    protocol::FrameWriter writer(frame.head, remoting::ReplyTo::of(request).head(ResponseCode::kSuccess));
    writer.finish(answer->size());
    if (answer->size() <= kCopyBelow) {
      frame.head += *answer;
    } else {
      frame.segments.push_back({*answer});
      frame.owner = std::move(answer);
    }
    request.connection->send(std::move(frame));
  }

 private:
  static void reply_absent(const remoting::Request& request, std::string_view topic) {
    remoting::reply(request, ResponseCode::kTopicNotExist,
                    "No topic route info in name server for the topic: " + std::string(topic) +
                        "\nSee https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.");
  }

  Services& services_;
  RouteRegistry::OrderConf order_conf_;
};

}  // namespace

std::shared_ptr<remoting::Handler> make_route_handler(Services& services) {
  return std::make_shared<RouteHandler>(services);
}

}  // namespace rmq::namesrv
