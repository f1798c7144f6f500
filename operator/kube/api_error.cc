#include "operator/kube/api_error.h"

#include <nlohmann/json.hpp>

#include "common/base/json.h"
#include "operator/kube/json_access.h"

namespace rmq::kube {
namespace {

constexpr std::size_t kMaxMessage = 2048;
constexpr std::string_view kAlreadyExists = ": AlreadyExists: ";

std::string shortened(std::string text) {
  if (text.size() > kMaxMessage) {
    text.resize(kMaxMessage);
    text += "...";
  }
  return text;
}

}  // namespace

ErrorKind kind_of_status(int http_status) {
  switch (http_status) {
    case 400:
    case 413:
    case 422: return ErrorKind::kInvalid;
    case 401:
    case 403: return ErrorKind::kDenied;
    case 404: return ErrorKind::kNotFound;
    case 405:
    case 406:
    case 415:
    case 501: return ErrorKind::kUnsupported;
    case 408:
    case 504: return ErrorKind::kTimeout;
    case 409: return ErrorKind::kConflict;
    default: return http_status >= 410 ? ErrorKind::kUnavailable : ErrorKind::kInternal;
  }
}

Error to_error(int http_status, std::string_view body, std::string_view what) {
  std::string message(what);
  const auto status = parse_json(body);
  const auto said = status ? text_at(*status, {"message"}) : std::string(body);
  auto reason = status ? text_at(*status, {"reason"}) : std::string();
  if (reason.empty()) reason = "HTTP " + std::to_string(http_status);
  message += ": " + reason;
  if (!said.empty()) message += ": " + shortened(said);
  return Error{kind_of_status(http_status), std::move(message)};
}

bool is_already_exists(const Error& error) {
  return error.kind == ErrorKind::kConflict && error.message.find(kAlreadyExists) != std::string::npos;
}

}  // namespace rmq::kube
