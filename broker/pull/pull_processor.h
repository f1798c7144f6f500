// Pulls: codes 11 and 361. Answers carry the stored bytes as they lie in the log.
// Source of rules and texts: org.apache.rocketmq.broker.processor.{PullMessageProcessor,
// DefaultPullMessageResultHandler} of release 5.5.0.
#pragma once

#include <memory>

#include "broker/client/clients.h"
#include "broker/config/broker_config.h"
#include "broker/group/group_manager.h"
#include "broker/offset/consumer_offsets.h"
#include "broker/pull/pull_hold.h"
#include "broker/store/message_store.h"
#include "broker/topic/topic_manager.h"
#include "common/base/clock.h"
#include "common/protocol/headers/pull.h"
#include "common/remoting/remoting.h"
#include "common/remoting/worker_pool.h"

namespace rmq::broker {

class PullProcessor final : public remoting::Handler {
 public:
  PullProcessor(const BrokerConfig& config, store::MessageStore& store, TopicManager& topics, GroupManager& groups,
                Clients& clients, ConsumerOffsets& offsets, remoting::WorkerPool& workers, const Clock& clock);

  void handle(const remoting::Request& request) override;

  PullHold& hold() { return hold_; }

 private:
  struct How {
    bool may_hold = true;    // the first try of a request
    bool may_block = false;  // on a worker: may wait for the disk
  };
  void pull(const remoting::Request& request, How how);
  // Who asks, what for, and whether they may. False: answered already, or handed to a worker.
  struct Admission {
    protocol::PullMessageRequest header;
    GroupPtr group;
    TopicPtr topic;
    TagFilter filter;
  };
  bool admit(const remoting::Request& request, How how, Admission& admission);
  bool admit_subscription(const remoting::Request& request, Admission& admission);
  void refuse(const remoting::Request& request, std::int32_t code, std::string remark, std::int32_t forbidden_type = 0);
  // With regard to our role: a slave sends consumers back to its master unless they are far behind.
  std::int32_t code_for(const store::GetResult& result, std::int64_t asked_offset) const;
  std::int64_t suggested_broker(const store::GetResult& result, const protocol::SubscriptionGroupConfig& group) const;
  void answer(const remoting::Request& request, const Admission& admission, const store::GetResult& result, How how);
  bool hold_back(const remoting::Request& request, Admission& admission, const store::TopicQueue& queue);
  void run_on_worker(const remoting::Request& request, How how);
  void create_group(const remoting::Request& request, How how);
  void wake(HeldPull&& pull);

  const BrokerConfig& config_;
  store::MessageStore& store_;
  TopicManager& topics_;
  GroupManager& groups_;
  Clients& clients_;
  ConsumerOffsets& offsets_;
  remoting::WorkerPool& workers_;
  const Clock& clock_;
  PullHold hold_;
};

}  // namespace rmq::broker
