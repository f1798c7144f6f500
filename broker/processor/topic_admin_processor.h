// Administration of topics: 17, 18, 21, 215, 305, 351.
// Source: org.apache.rocketmq.broker.processor.AdminBrokerProcessor of 5.5.0.
#pragma once

#include <vector>

#include "broker/config/broker_config.h"
#include "broker/offset/consumer_offsets.h"
#include "broker/store/message_store.h"
#include "broker/topic/topic_manager.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

// On a worker: writes topics.json and waits for the name servers.
class TopicAdminProcessor final : public remoting::Handler {
 public:
  // `announce` returns when the name servers know of the change, or gave no answer in time: who created a topic asks
  // them for its route next.
  TopicAdminProcessor(const BrokerConfig& config, TopicManager& topics, ConsumerOffsets& offsets,
                      store::MessageStore& store, std::function<void()> announce)
      : config_(config), topics_(topics), offsets_(offsets), store_(store), announce_(std::move(announce)) {}
  void handle(const remoting::Request& request) override;

 private:
  void create(const remoting::Request& request);
  void create_list(const remoting::Request& request);
  void update(const remoting::Request& request, std::vector<protocol::TopicConfig> topics);
  void remove(const remoting::Request& request);
  void list_all(const remoting::Request& request);
  void list_system(const remoting::Request& request);
  void get(const remoting::Request& request);
  Status check(const protocol::TopicConfig& topic) const;

  const BrokerConfig& config_;
  TopicManager& topics_;
  ConsumerOffsets& offsets_;
  store::MessageStore& store_;
  const std::function<void()> announce_;
};

}  // namespace rmq::broker
