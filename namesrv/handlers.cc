#include "namesrv/handlers.h"

#include "common/protocol/codes.h"

namespace rmq::namesrv {

void reply_with_body(const remoting::Request& request, std::string body) {
  auto response = protocol::response_to(request.command, protocol::ResponseCode::kSuccess);
  response.body = std::move(body);
  remoting::reply(request, std::move(response));
}

void reply_error(const remoting::Request& request, const Error& error) {
  remoting::reply(request, protocol::ResponseCode::kSystemError, error.message);
}

}  // namespace rmq::namesrv
