#include "common/remoting/remoting.h"

namespace rmq::remoting {

void Connection::send(const protocol::Command& command) {
  OutgoingFrame frame;
  protocol::encode(command, frame.head);
  send(std::move(frame));
}

void Connection::oneway(protocol::Command request) {
  request.flag |= protocol::kFlagOneway;
  send(request);
}

void ReplyTo::send(protocol::Command response) const {
  if (oneway) return;
  response.opaque = opaque;
  response.flag |= protocol::kFlagResponse;
  response.serialize_type = serialize_type;
  connection->send(response);
}

void reply(const Request& request, protocol::Command response) {
  ReplyTo::of(request).send(std::move(response));
}

void reply(const Request& request, std::int32_t code, std::string remark) {
  reply(request, protocol::response_to(request.command, code, std::move(remark)));
}

}  // namespace rmq::remoting
