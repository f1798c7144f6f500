// Who is there: GET_BROKER_CLUSTER_INFO, GET_BROKER_MEMBER_GROUP.
#include "common/protocol/codes.h"
#include "common/protocol/headers/namesrv.h"
#include "namesrv/handlers.h"

namespace rmq::namesrv {
namespace {

class MemberHandler final : public remoting::Handler {
 public:
  explicit MemberHandler(Services& services) : services_(services) {}

  void handle(const remoting::Request& request) override {
    if (request.command.code == protocol::RequestCode::kGetBrokerClusterInfo) {
      return reply_with_body(request,
                             services_.routes.read([](const RouteTable& table) { return table.cluster_info(); }));
    }
    auto header = protocol::decode_header<protocol::GetBrokerMemberGroupRequest>(request.command);
    if (!header) return reply_error(request, header.error());
    reply_with_body(request, services_.routes.read([&](const RouteTable& table) {
      return table.member_group(header->cluster_name, header->broker_name);
    }));
  }

 private:
  Services& services_;
};

}  // namespace

std::shared_ptr<remoting::Handler> make_member_handler(Services& services) {
  return std::make_shared<MemberHandler>(services);
}

}  // namespace rmq::namesrv
