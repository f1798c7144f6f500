// The broker's own figures as Prometheus families, read at the scrape.
#pragma once

#include "broker/pull/pull_hold.h"
#include "broker/registration/name_servers.h"
#include "broker/store/message_store.h"
#include "common/http/metrics.h"
#include "common/remoting/server.h"

namespace rmq::broker {

// All arguments outlive `metrics`' last scrape.
void add_broker_metrics(http::Metrics& metrics, const remoting::Server& server, const store::MessageStore& store,
                        const PullHold& hold, const NameServers& name_servers);

}  // namespace rmq::broker
