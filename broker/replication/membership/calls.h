// The Controller protocol as a broker speaks it: requests for the machine's steps, and what their answers say. Pure.
// Source: org.apache.rocketmq.broker.out.BrokerOuterAPI of release 5.5.0; additions of ours are in docs/replication.md.
#pragma once

#include <chrono>
#include <optional>

#include "broker/replication/membership/machine.h"
#include "broker/replication/replication.h"
#include "common/protocol/command.h"

namespace rmq::replication {

// Who asks.
struct BrokerFacts {
  std::string cluster, name, address;
  std::string boot_id;
  std::int64_t heartbeat_timeout_ms = 10'000;  // after that long a silence we want to be taken for dead
  std::int32_t election_priority = INT32_MAX;
};

// How far the log is: what a heartbeat tells.
struct Progress {
  std::int32_t epoch = 0;
  std::int64_t end = 0;
  std::int64_t confirmed = 0;
  std::int32_t promised_epoch = 0;
};

// For the steps that ask the leader; `identity` is the machine's wanted().
protocol::Command step_request(Step step, const BrokerFacts& facts, const BrokerIdentity& identity,
                               std::int64_t wall_ms);
protocol::Command find_leader_request();
protocol::Command heartbeat_request(const BrokerFacts& facts, BrokerId id, const Progress& progress);
protocol::Command alter_request(const BrokerFacts& facts, BrokerId id, std::int32_t master_epoch,
                                const std::set<BrokerId>& set, std::int32_t set_epoch, std::int64_t wall_ms);
// Gives up the mastership of `epoch`, and no later one.
protocol::Command resign_request(const BrokerFacts& facts, BrokerId id, std::int32_t epoch, std::int64_t wall_ms);

// An answer that can't be read counts as none.
StepResult step_result(Step step, const Result<protocol::Command>& answer);
// The leader's address; empty: this controller does not know one. An error: no or a bad answer.
Result<std::string> leader_of(const Result<protocol::Command>& answer);
// 0: no lease is named.
std::int64_t lease_of(const protocol::Command& answer);
Result<GroupView> view_of_notification(const protocol::CommandView& request);  // 1008

}  // namespace rmq::replication
