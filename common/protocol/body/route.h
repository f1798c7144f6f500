// Which broker serves which topic: what clients and brokers ask name servers for.
// Source: org.apache.rocketmq.remoting.protocol.route and .body of release 5.5.0.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/protocol/body/topic_config.h"

namespace rmq::protocol {

struct QueueData {
  std::string broker_name;
  std::int32_t perm = 0;
  std::int32_t read_queue_nums = 0;
  std::int32_t topic_sys_flag = 0;
  std::int32_t write_queue_nums = 0;
  bool operator==(const QueueData&) const = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.nullable("brokerName", self.broker_name);
    v.field("perm", self.perm);
    v.field("readQueueNums", self.read_queue_nums);
    v.field("topicSysFlag", self.topic_sys_flag);
    v.field("writeQueueNums", self.write_queue_nums);
  }
};

struct BrokerData {
  std::map<std::int64_t, std::string> broker_addrs;  // by broker id; 0 is the master
  std::string broker_name;
  std::string cluster;
  bool enable_acting_master = false;
  std::string zone_name;
  bool operator==(const BrokerData&) const = default;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("brokerAddrs", self.broker_addrs);
    v.nullable("brokerName", self.broker_name);
    v.nullable("cluster", self.cluster);
    v.field("enableActingMaster", self.enable_acting_master);
    v.nullable("zoneName", self.zone_name);
  }
};

// 105. Clients of 4.9.4 and newer want JsonStyle::kStandard, all take it.
struct TopicRouteData {
  std::vector<BrokerData> broker_datas;
  std::map<std::string, std::vector<std::string>> filter_server_table;
  std::string order_topic_conf;  // "broker:queues;..."
  std::vector<QueueData> queue_datas;
  std::map<std::string, TopicQueueMappingInfo> topic_queue_mapping_by_broker;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("brokerDatas", self.broker_datas);
    v.field("filterServerTable", self.filter_server_table);
    v.nullable("orderTopicConf", self.order_topic_conf);
    v.field("queueDatas", self.queue_datas);
    v.nullable("topicQueueMappingByBroker", self.topic_queue_mapping_by_broker);
  }
};

// 106
struct ClusterInfo {
  std::map<std::string, BrokerData> broker_addr_table;              // by broker name
  std::map<std::string, std::set<std::string>> cluster_addr_table;  // broker names by cluster

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("brokerAddrTable", self.broker_addr_table);
    v.field("clusterAddrTable", self.cluster_addr_table);
  }
};

struct BrokerMemberGroup {
  std::map<std::int64_t, std::string> broker_addrs;
  std::string broker_name;
  std::string cluster;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("brokerAddrs", self.broker_addrs);
    v.nullable("brokerName", self.broker_name);
    v.nullable("cluster", self.cluster);
  }
};
// 901
struct GetBrokerMemberGroupResponse {
  BrokerMemberGroup group;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("brokerMemberGroup", self.group);
  }
};

}  // namespace rmq::protocol
