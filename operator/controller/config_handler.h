// 1009 and 1010: the Controller's settings, shown and changed.
#pragma once

#include <memory>

#include "common/remoting/remoting.h"
#include "operator/controller/core.h"

namespace rmq::controller {

// For a worker thread: the callbacks may touch files.
std::shared_ptr<remoting::Handler> make_config_handler(std::shared_ptr<Core> core);

}  // namespace rmq::controller
