// Sends: codes 10, 310 and 320. The hot path of the broker.
//
// A burst's messages become one batch, appended once; their answers leave as one write. A send to a topic that must be
// created first is copied, and handled again when the topic is on the disk.
// Source of rules and texts: org.apache.rocketmq.broker.processor.SendMessageProcessor and AbstractSendMessageProcessor
// of release 5.5.0.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "broker/config/broker_config.h"
#include "broker/group/group_manager.h"
#include "broker/send/message_placer.h"
#include "broker/send/send_batch.h"
#include "broker/store/message_store.h"
#include "broker/topic/topic_manager.h"
#include "common/base/clock.h"
#include "common/protocol/headers/send.h"
#include "common/protocol/message_id.h"
#include "common/remoting/remoting.h"

namespace rmq::broker {

class QueueLocks;

class SendProcessor final : public remoting::Handler, public store::AppendListener {
 public:
  // `store_host`: the ip and port bytes of the announced address, for records and message ids.
  SendProcessor(const BrokerConfig& config, std::string store_host, store::MessageStore& store, TopicManager& topics,
                GroupManager& groups, const QueueLocks& locks, const Clock& clock, std::size_t io_threads);

  void handle(const remoting::Request& request) override;
  void end_of_burst(const remoting::ConnectionPtr& connection) override;
  void on_appended(std::unique_ptr<store::AppendBatch> batch) noexcept override;

 private:
  // What one thread collects. Only one connection's burst is open at a time.
  struct alignas(64) Burst {
    std::unique_ptr<SendBatch> batch;
    std::uint64_t host_connection = 0;  // whose address born_host is
    std::string born_host;
  };

  // A message on its way: what it was asked to be, then what the rules make of it.
  struct Admission {
    protocol::SendMessageRequest header;
    std::string topic_changed;  // a dead letter's topic
    TopicPtr topic;
    std::int32_t queue_id = 0;
    bool without_delay = false;
  };

  // False: answered already, or waiting for its topic.
  bool admit(const remoting::Request& request, Admission& admission);
  bool admit_retry(const remoting::Request& request, Admission& admission);
  void accept(const remoting::Request& request, std::unique_ptr<SendBatch>& batch, const std::string& born_host);
  // For TopicManager's creations: handles a copy of the request again.
  TopicManager::Done again(const remoting::Request& request);
  Status add_single(const remoting::Request& request, const Admission& admission, SendBatch& batch,
                    const std::string& born_host, const ScannedProperties& scanned);
  Status add_batched(const remoting::Request& request, const Admission& admission, SendBatch& batch,
                     const std::string& born_host);
  void submit(std::unique_ptr<SendBatch> batch);
  std::unique_ptr<SendBatch> new_batch(const remoting::ConnectionPtr& connection, bool wait_stored);

  const BrokerConfig& config_;
  store::MessageStore& store_;
  TopicManager& topics_;
  GroupManager& groups_;
  const QueueLocks& locks_;
  const Clock& clock_;
  MessagePlacer placer_;
  SendAnswerContext context_;
  std::string marks_;  // the properties that the broker adds to each message
  protocol::UniqIdGenerator ids_;
  std::vector<Burst> bursts_;
};

}  // namespace rmq::broker
