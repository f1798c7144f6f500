// The API server's answers other than 2xx, as our errors. The message carries what the server's Status object says.
#pragma once

#include <string>
#include <string_view>

#include "common/base/result.h"

namespace rmq::kube {

// 400, 413, 422 kInvalid; 401, 403 kDenied; 404 kNotFound; 409 kConflict (also AlreadyExists; see is_already_exists);
// 405, 406, 415, 501 kUnsupported; 408, 504 kTimeout; 410 kUnavailable (list again); 429 and 5xx kUnavailable.
ErrorKind kind_of_status(int http_status);

// "PATCH /apis/...: Conflict: Apply failed with 1 conflict: ..."
Error to_error(int http_status, std::string_view body, std::string_view what);

// Tells the two conflicts apart: the object is there already, or it changed under us (or another manager owns a field).
bool is_already_exists(const Error& error);

}  // namespace rmq::kube
