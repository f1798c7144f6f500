// The store seen and swept by administration: 321 units of a queue, 306 and 329 cleaning, 316 queues without a topic.
// Source: org.apache.rocketmq.broker.processor.AdminBrokerProcessor of 5.5.0.
#pragma once

#include "broker/client/clients.h"
#include "broker/store/message_store.h"
#include "broker/topic/topic_manager.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

// On a worker: touches the disk.
class StoreAdminProcessor final : public remoting::Handler {
 public:
  static constexpr std::int32_t kCleanExpiredConsumeQueue = 306, kCleanUnusedTopic = 316, kDeleteExpiredCommitLog = 329;

  StoreAdminProcessor(const TopicManager& topics, const Clients& clients, store::MessageStore& store)
      : topics_(topics), clients_(clients), store_(store) {}
  void handle(const remoting::Request& request) override;

 private:
  void query_queue(const remoting::Request& request);
  void clean_unused_topics(const remoting::Request& request);

  const TopicManager& topics_;
  const Clients& clients_;
  store::MessageStore& store_;
};

}  // namespace rmq::broker
