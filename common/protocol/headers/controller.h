// Headers of the Controller: ids, registration, elections, sync sets. 904 stands in namesrv.h.
// Source: org.apache.rocketmq.remoting.protocol.header.controller and NotifyBrokerRoleChangedRequestHeader of release
// 5.5.0; the number before a struct is its request code. Members marked "ours" are additions of this project that the
// original ignores (docs/replication.md, "On the wire"); a peer that does not send them is a stock one.
#pragma once

#include "common/protocol/headers/header_codec.h"

namespace rmq::protocol {

// Answer to 904 from a Controller; a name server's has no fields.
struct BrokerHeartbeatResponse {
  std::optional<std::int64_t> lease_ms;  // ours: how long the recorded master may go on, from when it sent the request

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("leaseMs", self.lease_ms);
  }
};

// 1001, with a SyncStateSet as body
struct AlterSyncStateSetRequest {
  std::string_view broker_name;
  std::optional<std::int64_t> master_broker_id;
  std::optional<std::int32_t> master_epoch;
  std::optional<std::int64_t> invoke_time;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("brokerName", self.broker_name);
    v.optional("masterBrokerId", self.master_broker_id);
    v.optional("masterEpoch", self.master_epoch);
    v.optional("invokeTime", self.invoke_time);
  }
};

// Answer to 1001, with the granted SyncStateSet as body.
struct AlterSyncStateSetResponse {
  std::int32_t new_sync_state_set_epoch = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("newSyncStateSetEpoch", self.new_sync_state_set_epoch);
  }
};

// 1002
struct ElectMasterRequest {
  std::string_view cluster_name;
  std::string_view broker_name;
  std::int64_t broker_id = -1;   // who asks, or who is designated; -1: nobody in particular
  bool designate_elect = false;  // elect broker_id, also while the master lives
  std::optional<std::int64_t> invoke_time;
  std::optional<bool> resign;  // ours: broker_id is the master, has stopped acknowledging and wants a successor
  std::optional<std::int32_t>
      resign_epoch;  // ours, with resign: of the mastership given up; a late request ends no later one

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("clusterName", self.cluster_name);
    v.required("brokerName", self.broker_name);
    v.required("brokerId", self.broker_id);
    v.required("designateElect", self.designate_elect);
    v.optional("invokeTime", self.invoke_time);
    v.optional("resign", self.resign);
    v.optional("resignEpoch", self.resign_epoch);
  }
};

// Answer to 1002, with an ElectMasterBody.
struct ElectMasterResponse {
  std::optional<std::int64_t> master_broker_id;
  std::string_view master_address;
  std::optional<std::int32_t> master_epoch;
  std::optional<std::int32_t> sync_state_set_epoch;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("masterBrokerId", self.master_broker_id);
    v.optional("masterAddress", self.master_address);
    v.optional("masterEpoch", self.master_epoch);
    v.optional("syncStateSetEpoch", self.sync_state_set_epoch);
  }
};

// 1003
struct RegisterBrokerToControllerRequest {
  std::string_view cluster_name;
  std::string_view broker_name;
  std::optional<std::int64_t> broker_id;
  std::string_view broker_address;
  std::optional<std::int64_t> invoke_time;
  std::optional<std::int32_t> rmqk;  // ours: 1 from a broker that knows leases and fences
  std::string_view boot_id;          // ours: changes when the machine started anew, so the page cache is gone

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("clusterName", self.cluster_name);
    v.optional("brokerName", self.broker_name);
    v.optional("brokerId", self.broker_id);
    v.optional("brokerAddress", self.broker_address);
    v.optional("invokeTime", self.invoke_time);
    v.optional("rmqk", self.rmqk);
    v.optional("bootId", self.boot_id);
  }
};

// Answer to 1003, with a SyncStateSet as body; the four master fields only while there is a master.
struct RegisterBrokerToControllerResponse {
  std::string_view cluster_name;
  std::string_view broker_name;
  std::optional<std::int64_t> master_broker_id;
  std::string_view master_address;
  std::optional<std::int32_t> master_epoch;
  std::optional<std::int32_t> sync_state_set_epoch;
  std::optional<std::int64_t> lease_ms;  // ours: the length of a lease; grants none

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("clusterName", self.cluster_name);
    v.optional("brokerName", self.broker_name);
    v.optional("masterBrokerId", self.master_broker_id);
    v.optional("masterAddress", self.master_address);
    v.optional("masterEpoch", self.master_epoch);
    v.optional("syncStateSetEpoch", self.sync_state_set_epoch);
    v.optional("leaseMs", self.lease_ms);
  }
};

// 1004
struct GetReplicaInfoRequest {
  std::string_view broker_name;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("brokerName", self.broker_name);
  }
};

// Answer to 1004, with a SyncStateSet as body. A stock broker reads master_epoch without looking: always set it.
struct GetReplicaInfoResponse {
  std::optional<std::int64_t> master_broker_id;
  std::string_view master_address;
  std::optional<std::int32_t> master_epoch;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("masterBrokerId", self.master_broker_id);
    v.optional("masterAddress", self.master_address);
    v.optional("masterEpoch", self.master_epoch);
  }
};

// Answer to 1005, which has no header. Brokers and tools send everything to controller_leader_address.
struct GetMetaDataResponse {
  std::string_view group;
  std::string_view controller_leader_id;
  std::string_view controller_leader_address;
  bool is_leader = false;
  std::string_view peers;  // "id-host:port;..."

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("group", self.group);
    v.optional("controllerLeaderId", self.controller_leader_id);
    v.optional("controllerLeaderAddress", self.controller_leader_address);
    v.optional("isLeader", self.is_leader);
    v.optional("peers", self.peers);
  }
};

// 1007, Controller or tool to broker; the original has no header. The answer's body is an EpochEntryCache.
struct GetBrokerEpochCacheRequest {
  std::optional<std::int32_t> fence_epoch;  // ours: promise first not to acknowledge epochs below

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("fenceEpoch", self.fence_epoch);
  }
};

// Answer to 1007.
struct GetBrokerEpochCacheResponse {
  std::optional<bool> fenced;  // ours: the promise is on disk

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("fenced", self.fenced);
  }
};

// 1008, Controller to broker, one-way, with a SyncStateSet as body
struct NotifyBrokerRoleChangedRequest {
  std::string_view master_address;
  std::optional<std::int32_t> master_epoch;
  std::optional<std::int32_t> sync_state_set_epoch;
  std::optional<std::int64_t> master_broker_id;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("masterAddress", self.master_address);
    v.optional("masterEpoch", self.master_epoch);
    v.optional("syncStateSetEpoch", self.sync_state_set_epoch);
    v.optional("masterBrokerId", self.master_broker_id);
  }
};

// 1011
struct CleanControllerBrokerDataRequest {
  std::string_view cluster_name;
  std::string_view broker_name;
  std::string_view broker_controller_ids_to_clean;  // "id;id"; empty: the whole group
  bool clean_living_broker = false;
  std::optional<std::int64_t> invoke_time;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("clusterName", self.cluster_name);
    v.required("brokerName", self.broker_name);
    v.optional("brokerControllerIdsToClean", self.broker_controller_ids_to_clean);
    v.optional("isCleanLivingBroker", self.clean_living_broker);
    v.optional("invokeTime", self.invoke_time);
  }
};

// 1012
struct GetNextBrokerIdRequest {
  std::string_view cluster_name;
  std::string_view broker_name;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("clusterName", self.cluster_name);
    v.optional("brokerName", self.broker_name);
  }
};

// Answer to 1012.
struct GetNextBrokerIdResponse {
  std::string_view cluster_name;
  std::string_view broker_name;
  std::optional<std::int64_t> next_broker_id;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("clusterName", self.cluster_name);
    v.optional("brokerName", self.broker_name);
    v.optional("nextBrokerId", self.next_broker_id);
  }
};

// 1013
struct ApplyBrokerIdRequest {
  std::string_view cluster_name;
  std::string_view broker_name;
  std::optional<std::int64_t> applied_broker_id;
  std::string_view register_check_code;  // "host:port;unix ms"

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("clusterName", self.cluster_name);
    v.optional("brokerName", self.broker_name);
    v.optional("appliedBrokerId", self.applied_broker_id);
    v.optional("registerCheckCode", self.register_check_code);
  }
};

// Answer to 1013.
struct ApplyBrokerIdResponse {
  std::string_view cluster_name;
  std::string_view broker_name;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("clusterName", self.cluster_name);
    v.optional("brokerName", self.broker_name);
  }
};

}  // namespace rmq::protocol
