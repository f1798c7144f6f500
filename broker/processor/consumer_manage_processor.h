// What consumers ask to balance and to resume: 38 members of a group, 14 and 15 offsets.
// Source: org.apache.rocketmq.broker.processor.ConsumerManageProcessor of 5.5.0.
#pragma once

#include "broker/client/clients.h"
#include "broker/group/group_manager.h"
#include "broker/offset/consumer_offsets.h"
#include "broker/store/message_store.h"
#include "broker/topic/topic_manager.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

// Inline: never blocks.
class ConsumerManageProcessor final : public remoting::Handler {
 public:
  ConsumerManageProcessor(const TopicManager& topics, const GroupManager& groups, const Clients& clients,
                          ConsumerOffsets& offsets, const store::MessageStore& store)
      : topics_(topics), groups_(groups), clients_(clients), offsets_(offsets), store_(store) {}

  void handle(const remoting::Request& request) override;

 private:
  void list_consumers(const remoting::Request& request);
  void query_offset(const remoting::Request& request);
  void update_offset(const remoting::Request& request);

  const TopicManager& topics_;
  const GroupManager& groups_;
  const Clients& clients_;
  ConsumerOffsets& offsets_;
  const store::MessageStore& store_;
};

}  // namespace rmq::broker
