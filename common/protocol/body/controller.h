// Bodies of the Controller's requests and answers.
// Source: org.apache.rocketmq.remoting.protocol.body and .EpochEntry of release 5.5.0; the number before a struct is
// the request code whose request (R) or answer (A) carries it.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "common/protocol/body/route.h"

namespace rmq::protocol {

// 1001 R and A, 1003 A, 1004 A, 1008 R
struct SyncStateSet {
  std::set<std::int64_t> members;  // broker ids
  std::int32_t epoch = 0;
  bool operator==(const SyncStateSet&) const = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("syncStateSet", self.members);
    v.field("syncStateSetEpoch", self.epoch);
  }
};

// 1002 A. The group's addresses only after an election, not with 2011.
struct ElectMasterBody {
  std::optional<BrokerMemberGroup> group;
  std::set<std::int64_t> sync_state_set;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("brokerMemberGroup", self.group);
    v.field("syncStateSet", self.sync_state_set);
  }
};

struct ReplicaIdentity {
  std::optional<bool> alive;
  std::string broker_address;
  std::optional<std::int64_t> broker_id;
  std::string broker_name;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("alive", self.alive);
    v.nullable("brokerAddress", self.broker_address);
    v.field("brokerId", self.broker_id);
    v.nullable("brokerName", self.broker_name);
  }
};
struct ReplicasInfo {
  std::vector<ReplicaIdentity> in_sync_replicas;
  std::string master_address;
  std::optional<std::int64_t> master_broker_id;
  std::optional<std::int32_t> master_epoch;
  std::vector<ReplicaIdentity> not_in_sync_replicas;
  std::optional<std::int32_t> sync_state_set_epoch;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("inSyncReplicas", self.in_sync_replicas);
    v.nullable("masterAddress", self.master_address);
    v.field("masterBrokerId", self.master_broker_id);
    v.field("masterEpoch", self.master_epoch);
    v.field("notInSyncReplicas", self.not_in_sync_replicas);
    v.field("syncStateSetEpoch", self.sync_state_set_epoch);
  }
};
// 1006 A, by broker name. The request's body is a bare JSON array of broker names: parse_broker_names().
struct BrokerReplicasInfo {
  std::map<std::string, ReplicasInfo> replicas_info_table;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("replicasInfoTable", self.replicas_info_table);
  }
};

// The last entry of a list ends nowhere yet.
inline constexpr std::int64_t kOpenEpochEnd = std::numeric_limits<std::int64_t>::max();

struct EpochEntry {
  std::int64_t end_offset = kOpenEpochEnd;
  std::int32_t epoch = 0;
  std::int64_t start_offset = 0;
  bool operator==(const EpochEntry&) const = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("endOffset", self.end_offset);
    v.field("epoch", self.epoch);
    v.field("startOffset", self.start_offset);
  }
};
// 1007 A
struct EpochEntryCache {
  std::int64_t broker_id = 0;  // a stock master says 0 here, not the id its Controller gave it
  std::string broker_name;
  std::string cluster_name;
  std::vector<EpochEntry> epoch_list;
  std::int64_t max_offset = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("brokerId", self.broker_id);
    v.nullable("brokerName", self.broker_name);
    v.nullable("clusterName", self.cluster_name);
    v.field("epochList", self.epoch_list);
    v.field("maxOffset", self.max_offset);
  }
};

// 1006 R: `["broker-a","broker-b"]`. kInvalid on anything else.
Result<std::vector<std::string>> parse_broker_names(std::string_view json);

}  // namespace rmq::protocol
