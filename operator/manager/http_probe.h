// One GET, for tests in images that hold nothing but the operator.
#pragma once

#include <chrono>
#include <string>

#include "common/base/result.h"

namespace rmq::operator_ {

// Success if http://HOST:PORT/PATH answers 200 within the limit; kUnavailable with the status line otherwise.
Status probe(const std::string& url, std::chrono::seconds limit = std::chrono::seconds(10));

}  // namespace rmq::operator_
