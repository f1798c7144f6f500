// Which handler of administration serves which request code.
#pragma once

#include <functional>
#include <memory>

#include "broker/client/clients.h"
#include "broker/config/live_config.h"
#include "broker/group/group_manager.h"
#include "broker/offset/consumer_offsets.h"
#include "broker/offset/delay_offsets.h"
#include "broker/processor/runtime_info_processor.h"
#include "broker/store/message_store.h"
#include "broker/topic/topic_manager.h"
#include "common/remoting/server.h"

namespace rmq::broker {

// What administration works on; all of it outlives the server.
struct AdminParts {
  const BrokerConfig& config;
  LiveConfig& live_config;
  TopicManager& topics;
  GroupManager& groups;
  ConsumerOffsets& offsets;
  const DelayOffsets& delay_offsets;
  Clients& clients;
  store::MessageStore& store;
  const Clock& clock;
  std::function<void()> register_soon;  // the broker's permission changed
  std::function<void()> register_now;   // a topic was created: returns when the name servers know
};

// Before the server starts. The result is to be sample()d each second.
std::shared_ptr<RuntimeInfoProcessor> route_administration(remoting::Server& server, const AdminParts& parts);

}  // namespace rmq::broker
