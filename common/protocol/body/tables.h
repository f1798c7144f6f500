// Small bodies: lists and key-value tables.
// Source: org.apache.rocketmq.remoting.protocol.body of release 5.5.0.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "common/protocol/body/json_body.h"

namespace rmq::protocol {

// 103's answer, 219, 28
struct KvTable {
  std::map<std::string, std::string, std::less<>> table;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("table", self.table);
  }
};

// A name server's kvConfig.json: namespace -> key -> value.
struct KvConfigFile {
  std::map<std::string, std::map<std::string, std::string, std::less<>>, std::less<>> table;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("configTable", self.table);
  }
};

// 206, 224, 304, 305, 311-313, 343
struct TopicList {
  std::string broker_addr;
  std::set<std::string> topics;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.nullable("brokerAddr", self.broker_addr);
    v.field("topicList", self.topics);
  }
};

// 38
struct ConsumerList {
  std::vector<std::string> client_ids;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("consumerIdList", self.client_ids);
  }
};

// 300
struct GroupList {
  std::set<std::string> groups;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("groupList", self.groups);
  }
};

}  // namespace rmq::protocol
