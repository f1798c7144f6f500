#include "broker/processor/admin_routes.h"

#include "broker/processor/client_admin_processor.h"
#include "broker/processor/config_processor.h"
#include "broker/processor/consume_admin_processor.h"
#include "broker/processor/group_admin_processor.h"
#include "broker/processor/relay_processor.h"
#include "broker/processor/store_admin_processor.h"
#include "broker/processor/topic_admin_processor.h"
#include "common/protocol/codes.h"

namespace rmq::broker {

using protocol::RequestCode;

std::shared_ptr<RuntimeInfoProcessor> route_administration(remoting::Server& server, const AdminParts& p) {
  auto route = [&server](std::initializer_list<std::int32_t> codes, const std::shared_ptr<remoting::Handler>& handler) {
    for (std::int32_t code : codes) server.route(code, handler, remoting::Execution::kWorker);
  };
  route({RequestCode::kUpdateAndCreateTopic, RequestCode::kUpdateAndCreateTopicList, RequestCode::kGetAllTopicConfig,
         RequestCode::kDeleteTopicInBroker, RequestCode::kGetSystemTopicListFromBroker, RequestCode::kGetTopicConfig},
        std::make_shared<TopicAdminProcessor>(p.config, p.topics, p.offsets, p.store, p.register_now));
  route({RequestCode::kUpdateAndCreateSubscriptionGroup, RequestCode::kUpdateAndCreateSubscriptionGroupList,
         RequestCode::kGetAllSubscriptionGroupConfig, RequestCode::kDeleteSubscriptionGroup,
         RequestCode::kGetSubscriptionGroupConfig, GroupAdminProcessor::kUpdateAndGetGroupForbidden},
        std::make_shared<GroupAdminProcessor>(p.config, p.groups, p.offsets));
  route({RequestCode::kUpdateBrokerConfig, RequestCode::kGetBrokerConfig},
        std::make_shared<ConfigProcessor>(p.live_config, p.register_soon));
  route({RequestCode::kGetConsumerConnectionList, RequestCode::kGetProducerConnectionList,
         RequestCode::kGetAllProducerInfo, RequestCode::kQuerySubscriptionByConsumer},
        std::make_shared<ClientAdminProcessor>(p.clients, p.clock));
  route({RequestCode::kGetAllConsumerOffset, RequestCode::kGetAllDelayOffset, RequestCode::kGetTopicStatsInfo,
         RequestCode::kGetConsumeStats, RequestCode::kInvokeBrokerToResetOffset, RequestCode::kQueryTopicConsumeByWho,
         RequestCode::kQueryTopicsByConsumer, RequestCode::kQueryConsumeTimeSpan,
         ConsumeAdminProcessor::kCloneGroupOffset, ConsumeAdminProcessor::kGetBrokerConsumeStats},
        std::make_shared<ConsumeAdminProcessor>(p.config, p.topics, p.groups, p.clients, p.offsets, p.delay_offsets,
                                                p.store, p.clock));
  route({RequestCode::kQueryConsumeQueue, StoreAdminProcessor::kCleanExpiredConsumeQueue,
         StoreAdminProcessor::kCleanUnusedTopic, StoreAdminProcessor::kDeleteExpiredCommitLog},
        std::make_shared<StoreAdminProcessor>(p.topics, p.clients, p.store));
  route({RequestCode::kGetConsumerRunningInfo, RequestCode::kConsumeMessageDirectly},
        std::make_shared<RelayProcessor>(p.config, p.clients, p.store));
  auto runtime = std::make_shared<RuntimeInfoProcessor>(p.config, p.store, p.delay_offsets, p.clock);
  route({RequestCode::kGetBrokerRuntimeInfo}, runtime);
  return runtime;
}

}  // namespace rmq::broker
