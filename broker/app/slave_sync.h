// A slave asks its master for topics, groups and offsets where the master has no journal: with fixed roles, and if it
// is the original's. A master with a journal says so in its first answer (ext rmqJournal=1), and is asked for nothing
// else. Source: org.apache.rocketmq.broker.slave.SlaveSynchronize of release 5.5.0.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "broker/group/group_manager.h"
#include "broker/offset/consumer_offsets.h"
#include "broker/offset/delay_offsets.h"
#include "broker/topic/topic_manager.h"
#include "common/remoting/client.h"

namespace rmq::broker {

// Thread-safe.
class SlaveSync {
 public:
  struct Tables {
    TopicManager& topics;
    GroupManager& groups;
    ConsumerOffsets& offsets;
    DelayOffsets& delay_offsets;
  };
  SlaveSync(remoting::Client& client, Tables tables, std::chrono::milliseconds period);
  ~SlaveSync();  // stops

  void start();
  void stop();
  // Whom to ask, from now on and at once; empty: nobody (this broker is master).
  void set_master(const std::string& address);

 private:
  void run();
  void sync(const std::string& master);
  Result<protocol::Command> ask(const std::string& master, std::int32_t code);
  // One table: asks, reads, takes over.
  template <class Body, class Import>
  Status take(const std::string& master, std::int32_t code, Import import);
  bool still_follows(const std::string& master) const;

  remoting::Client& client_;
  const Tables tables_;
  const std::chrono::milliseconds period_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string master_;
  bool asked_ = true;  // master_ was asked since it was set
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace rmq::broker
