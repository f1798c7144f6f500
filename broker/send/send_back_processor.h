// CONSUMER_SEND_MSG_BACK (36): a consumer gives a failed message back, for a later try or as a dead letter. Reads the
// log and may create topics, so it runs on a worker.
// Source: org.apache.rocketmq.broker.processor.AbstractSendMessageProcessor.consumerSendMsgBack of release 5.5.0.
#pragma once

#include "broker/config/broker_config.h"
#include "broker/group/group_manager.h"
#include "broker/send/message_placer.h"
#include "broker/store/message_store.h"
#include "broker/topic/topic_manager.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

class SendBackProcessor final : public remoting::Handler, public store::AppendListener {
 public:
  SendBackProcessor(const BrokerConfig& config, std::string store_host, store::MessageStore& store,
                    TopicManager& topics, GroupManager& groups);

  void handle(const remoting::Request& request) override;
  void on_appended(std::unique_ptr<store::AppendBatch> batch) noexcept override;

 private:
  const BrokerConfig& config_;
  const std::string store_host_;
  store::MessageStore& store_;
  TopicManager& topics_;
  GroupManager& groups_;
  MessagePlacer placer_;
};

}  // namespace rmq::broker
