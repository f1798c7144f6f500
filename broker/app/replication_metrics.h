// Replication's figures as Prometheus families, read at the scrape.
#pragma once

#include "broker/config/broker_config.h"
#include "broker/replication/replication.h"
#include "common/http/metrics.h"

namespace rmq::broker {

// All arguments outlive `metrics`' last scrape.
void add_replication_metrics(http::Metrics& metrics, const BrokerConfig& config,
                             const replication::Replication& replication);

}  // namespace rmq::broker
