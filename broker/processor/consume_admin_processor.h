// How far consumption is, and moving it: 43, 45, 202, 208, 222, 300, 303, 314, 317, 343.
// Source: org.apache.rocketmq.broker.processor.AdminBrokerProcessor of 5.5.0.
#pragma once

#include "broker/client/clients.h"
#include "broker/config/broker_config.h"
#include "broker/group/group_manager.h"
#include "broker/offset/consumer_offsets.h"
#include "broker/offset/delay_offsets.h"
#include "broker/store/message_store.h"
#include "broker/topic/topic_manager.h"
#include "common/base/clock.h"
#include "common/protocol/body/message_queue.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

// On a worker: reads times of messages from the log.
class ConsumeAdminProcessor final : public remoting::Handler {
 public:
  static constexpr std::int32_t kCloneGroupOffset = 314, kGetBrokerConsumeStats = 317;

  ConsumeAdminProcessor(const BrokerConfig& config, const TopicManager& topics, const GroupManager& groups,
                        const Clients& clients, ConsumerOffsets& offsets, const DelayOffsets& delay_offsets,
                        const store::MessageStore& store, const Clock& clock)
      : config_(config),
        topics_(topics),
        groups_(groups),
        clients_(clients),
        offsets_(offsets),
        delay_offsets_(delay_offsets),
        store_(store),
        clock_(clock) {}
  void handle(const remoting::Request& request) override;

 private:
  void topic_stats(const remoting::Request& request);
  void consume_stats(const remoting::Request& request);
  void all_consume_stats(const remoting::Request& request);
  void reset(const remoting::Request& request);
  void groups_of_topic(const remoting::Request& request);
  void topics_of_group(const remoting::Request& request);
  void time_span(const remoting::Request& request);
  void clone(const remoting::Request& request);

  // -1 if there is no such message.
  std::int64_t store_timestamp(const store::TopicQueue* queue, std::int64_t offset) const {
    return queue == nullptr || offset < 0 ? -1 : store_.store_timestamp(*queue, offset);
  }
  // Offsets of the group in queues [0, queues) of the topic.
  void collect(std::string_view group, const std::string& topic, std::int32_t queues,
               protocol::ConsumeStats& stats) const;
  bool subscribes_elsewhere(std::string_view group, std::string_view topic) const;

  const BrokerConfig& config_;
  const TopicManager& topics_;
  const GroupManager& groups_;
  const Clients& clients_;
  ConsumerOffsets& offsets_;
  const DelayOffsets& delay_offsets_;
  const store::MessageStore& store_;
  const Clock& clock_;
};

}  // namespace rmq::broker
