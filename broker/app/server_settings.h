// broker.conf as the servers, the client and the name servers understand it.
#pragma once

#include "broker/config/broker_config.h"
#include "broker/config/host.h"
#include "broker/topic/topic_manager.h"
#include "common/protocol/body/register_broker.h"
#include "common/remoting/client.h"
#include "common/remoting/server.h"

namespace rmq::broker {

remoting::ServerOptions server_options_of(const BrokerConfig& config, const MemoryBudget& memory);
remoting::ClientOptions client_options_of(const BrokerConfig& config);

// All topics as name servers shall know them: the broker's permission limits what each announces.
protocol::RegisterBrokerBody registration_body(const TopicManager& topics, const BrokerConfig& config);

}  // namespace rmq::broker
