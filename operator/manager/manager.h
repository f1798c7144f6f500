// The running operator: caches, queue, workers, leadership, health and metrics, put together.
#pragma once

#include "common/base/result.h"
#include "operator/manager/options.h"

namespace rmq::operator_ {

// Runs until SIGTERM or SIGINT (success), or until leadership is lost (an error: start anew). Call it before any
// thread exists: the signals are blocked for all of them.
Status run_operator(const Options& options);

}  // namespace rmq::operator_
