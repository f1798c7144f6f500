// What the processors' answers have in common.
#pragma once

#include <string>
#include <utility>

#include "common/base/result.h"
#include "common/protocol/body/json_body.h"
#include "common/protocol/codes.h"
#include "common/protocol/headers/header_codec.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

inline void reply_success(const remoting::Request& request) {
  remoting::reply(request, protocol::ResponseCode::kSuccess);
}

// For what only a master may change; text of the original.
inline void reply_not_from_slave(const remoting::Request& request) {
  remoting::reply(request, protocol::ResponseCode::kSystemError,
                  "Can't modify topic or subscription group from slave broker, please execute it from master broker.");
}

inline void reply_bytes(const remoting::Request& request, std::string body) {
  auto response = protocol::response_to(request.command, protocol::ResponseCode::kSuccess);
  response.body = std::move(body);
  remoting::reply(request, std::move(response));
}

template <class Body>
void reply_body(const remoting::Request& request, const Body& body) {
  reply_bytes(request, protocol::to_body(body));
}

template <class Header>
void reply_header(const remoting::Request& request, const Header& header) {
  auto response = protocol::response_to(request.command, protocol::ResponseCode::kSuccess);
  protocol::set_header(response, header);
  remoting::reply(request, std::move(response));
}

// A request that could not be read at all is the original's SYSTEM_ERROR, and so is anything unforeseen.
inline void reply_error(const remoting::Request& request, const Error& error,
                        std::int32_t code = protocol::ResponseCode::kSystemError) {
  remoting::reply(request, code, error.message);
}

// Decodes the header or answers; nullopt: answered.
template <class Header>
std::optional<Header> header_or_answer(const remoting::Request& request) {
  auto header = protocol::decode_header<Header>(request.command);
  if (header) return std::move(*header);
  reply_error(request, header.error());
  return std::nullopt;
}

// The same for a body.
template <class Body>
std::optional<Body> body_or_answer(const remoting::Request& request) {
  auto body = protocol::parse_body<Body>(request.command.body);
  if (body) return std::move(*body);
  reply_error(request, body.error());
  return std::nullopt;
}

}  // namespace rmq::broker
