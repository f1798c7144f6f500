// The BrokerGroup resource (rocketmq-operator.io/v1alpha1): what is decided about one broker group with several
// replicas. The operator makes one a group and is the only one to write it; crds/brokergroups.yaml has the same fields,
// and a test compares the two.
//
// status.state is the truth (operator/election's GroupState, changed by compare-and-swap on resourceVersion); the rest
// of the status says the same for people. status.uid is the object's own uid: a copy restored from a backup differs,
// and its state counts for nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>  // whole: the state lives in the type by value

#include "operator/api/cluster.h"
#include "operator/api/conditions.h"

namespace rmq::operator_ {

inline constexpr std::string_view kBrokerGroupKind = "BrokerGroup";
inline constexpr std::string_view kBrokerGroupPlural = "brokergroups";
// Goes when the cluster or the group does; until then the object stays, for its loss costs a start from the brokers'
// own records.
inline constexpr std::string_view kBrokerGroupFinalizer = "rocketmq-operator.io/replication-state";

// Elections that the status remembers.
inline constexpr std::size_t kMaxElections = 20;

struct ElectionEntry {
  std::string time;  // RFC 3339, UTC
  std::int64_t epoch = 0;
  std::string master;  // the pod elected; empty: none could be
  std::string reason;
  std::string candidates;  // "a-broker-0-1 (epoch 3, end 4711), ..."
  bool unclean = false;    // acknowledged messages may have been lost
  std::string may_lose;    // which
  bool operator==(const ElectionEntry&) const = default;
};

struct BrokerGroupStatus {
  std::string uid;
  std::string master;  // the pod; empty: none
  std::int64_t master_epoch = 0;
  std::vector<std::string> sync_set;  // pods
  std::int64_t sync_set_epoch = 0;
  std::string lag;  // of the replica that is furthest behind, in bands
  std::vector<Condition> conditions;
  std::vector<ElectionEntry> elections;  // the latest last
  nlohmann::json state;                  // null: none yet
  bool operator==(const BrokerGroupStatus&) const = default;
};

// Conditions of a BrokerGroup.
inline constexpr std::string_view kHasMaster = "HasMaster";

nlohmann::json to_json(const BrokerGroupStatus& status);
// The operator's own output: what can't be read is left out.
BrokerGroupStatus broker_group_status(const nlohmann::json& object);

// The pods' ordinals, "0,2": short enough for a column.
std::string short_sync_set(const std::vector<std::string>& pods);

}  // namespace rmq::operator_
