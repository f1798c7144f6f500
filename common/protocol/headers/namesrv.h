// Headers of the name server.
// Source: org.apache.rocketmq.remoting.protocol.header of release 5.5.0; the number before a struct is its request
// code.
#pragma once

#include "common/protocol/headers/header_codec.h"

namespace rmq::protocol {

// 100
struct PutKVConfigRequest {
  std::string_view kv_namespace;
  std::string_view key;
  std::string_view value;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("namespace", self.kv_namespace);
    v.required("key", self.key);
    v.required("value", self.value);
  }
};

// 101
struct GetKVConfigRequest {
  std::string_view kv_namespace;
  std::string_view key;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("namespace", self.kv_namespace);
    v.required("key", self.key);
  }
};

// Answer to 101.
struct GetKVConfigResponse {
  std::string_view value;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("value", self.value);
  }
};

// 102
struct DeleteKVConfigRequest {
  std::string_view kv_namespace;
  std::string_view key;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("namespace", self.kv_namespace);
    v.required("key", self.key);
  }
};

// 219
struct GetKVListByNamespaceRequest {
  std::string_view kv_namespace;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("namespace", self.kv_namespace);
  }
};

// 103
struct RegisterBrokerRequest {
  std::string_view broker_name;
  std::string_view broker_addr;
  std::string_view cluster_name;
  std::string_view ha_server_addr;
  std::int64_t broker_id = 0;
  std::optional<std::int64_t> heartbeat_timeout_millis;
  std::optional<bool> enable_acting_master;
  bool compressed = false;
  std::optional<std::int32_t> body_crc32;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("brokerName", self.broker_name);
    v.required("brokerAddr", self.broker_addr);
    v.required("clusterName", self.cluster_name);
    v.required("haServerAddr", self.ha_server_addr);
    v.required("brokerId", self.broker_id);
    v.optional("heartbeatTimeoutMillis", self.heartbeat_timeout_millis);
    v.optional("enableActingMaster", self.enable_acting_master);
    v.optional("compressed", self.compressed);
    v.optional("bodyCrc32", self.body_crc32);
  }
};

// Answer to 103.
struct RegisterBrokerResponse {
  std::string_view ha_server_addr;
  std::string_view master_addr;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("haServerAddr", self.ha_server_addr);
    v.optional("masterAddr", self.master_addr);
  }
};

// 104
struct UnregisterBrokerRequest {
  std::string_view broker_name;
  std::string_view broker_addr;
  std::string_view cluster_name;
  std::int64_t broker_id = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("brokerName", self.broker_name);
    v.required("brokerAddr", self.broker_addr);
    v.required("clusterName", self.cluster_name);
    v.required("brokerId", self.broker_id);
  }
};

// 322
struct QueryDataVersionRequest {
  std::string_view broker_name;
  std::string_view broker_addr;
  std::string_view cluster_name;
  std::int64_t broker_id = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("brokerName", self.broker_name);
    v.required("brokerAddr", self.broker_addr);
    v.required("clusterName", self.cluster_name);
    v.required("brokerId", self.broker_id);
  }
};

// Answer to 322.
struct QueryDataVersionResponse {
  bool changed = false;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("changed", self.changed);
  }
};

// 904
struct BrokerHeartbeatRequest {
  std::string_view cluster_name;
  std::string_view broker_addr;
  std::string_view broker_name;
  std::optional<std::int64_t> broker_id;
  std::optional<std::int32_t> epoch;
  std::optional<std::int64_t> max_offset;
  std::optional<std::int64_t> confirm_offset;
  std::optional<std::int64_t> heartbeat_timeout_millis;
  std::optional<std::int32_t> election_priority;
  // Ours (docs/replication.md, "On the wire"): 1 from a broker that knows leases and fences; the greatest epoch it
  // promised, when that is beyond the epoch it follows.
  std::optional<std::int32_t> rmqk;
  std::optional<std::int32_t> promised_epoch;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("clusterName", self.cluster_name);
    v.required("brokerAddr", self.broker_addr);
    v.required("brokerName", self.broker_name);
    v.optional("brokerId", self.broker_id);
    v.optional("epoch", self.epoch);
    v.optional("maxOffset", self.max_offset);
    v.optional("confirmOffset", self.confirm_offset);
    v.optional("heartbeatTimeoutMills", self.heartbeat_timeout_millis);
    v.optional("electionPriority", self.election_priority);
    v.optional("rmqk", self.rmqk);
    v.optional("promisedEpoch", self.promised_epoch);
  }
};

// 105
struct GetRouteInfoRequest {
  std::string_view topic;
  std::optional<bool> accept_standard_json_only;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("topic", self.topic);
    v.optional("acceptStandardJsonOnly", self.accept_standard_json_only);
  }
};

// 205
struct WipeWritePermOfBrokerRequest {
  std::string_view broker_name;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("brokerName", self.broker_name);
  }
};

// Answer to 205.
struct WipeWritePermOfBrokerResponse {
  std::int32_t wipe_topic_count = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("wipeTopicCount", self.wipe_topic_count);
  }
};

// 327
struct AddWritePermOfBrokerRequest {
  std::string_view broker_name;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("brokerName", self.broker_name);
  }
};

// Answer to 327.
struct AddWritePermOfBrokerResponse {
  std::int32_t add_topic_count = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("addTopicCount", self.add_topic_count);
  }
};

// 216
struct DeleteTopicFromNamesrvRequest {
  std::string_view topic;
  std::string_view cluster_name;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("topic", self.topic);
    v.optional("clusterName", self.cluster_name);
  }
};

// 217
struct RegisterTopicRequest {
  std::string_view topic;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("topic", self.topic);
  }
};

// 224
struct GetTopicsByClusterRequest {
  std::string_view cluster;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("cluster", self.cluster);
  }
};

// 901
struct GetBrokerMemberGroupRequest {
  std::string_view cluster_name;
  std::string_view broker_name;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.required("clusterName", self.cluster_name);
    v.required("brokerName", self.broker_name);
  }
};

// 905, name server to broker, one-way
struct NotifyMinBrokerIdChangeRequest {
  std::optional<std::int64_t> min_broker_id;
  std::string_view broker_name;
  std::string_view min_broker_addr;
  std::string_view offline_broker_addr;
  std::string_view ha_broker_addr;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.optional("minBrokerId", self.min_broker_id);
    v.optional("brokerName", self.broker_name);
    v.optional("minBrokerAddr", self.min_broker_addr);
    v.optional("offlineBrokerAddr", self.offline_broker_addr);
    v.optional("haBrokerAddr", self.ha_broker_addr);
  }
};

}  // namespace rmq::protocol
