// The numbers of ControllerServers for Prometheus, one set of samples a cluster.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "common/http/metrics.h"
#include "operator/controller/controller_server.h"

namespace rmq::controller {

// By cluster, at the moment of the scrape; the map may change from one to the next. An empty name: no label.
using ReadControllers = std::function<std::map<std::string, ControllerMetrics>()>;

void add_metrics(http::Metrics& metrics, const ReadControllers& read);

}  // namespace rmq::controller
