// broker.conf as replication and membership understand it. Callbacks are for the caller to fill.
#pragma once

#include "broker/config/broker_config.h"
#include "broker/replication/membership/membership.h"
#include "broker/replication/replication.h"

namespace rmq::broker {

replication::ReplicationOptions replication_options_of(const BrokerConfig& config);
replication::MembershipOptions membership_options_of(const BrokerConfig& config);

}  // namespace rmq::broker
