// How replication goes, as tools read it.
// Source: org.apache.rocketmq.remoting.protocol.body.HARuntimeInfo of release 5.5.0.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/protocol/body/json_body.h"

namespace rmq::protocol {

// A slave as its master sees it.
struct HaConnectionInfo {
  std::string address;
  std::int64_t diff = 0;  // bytes behind the master
  bool in_sync = false;
  std::int64_t slave_ack_offset = 0;
  std::int64_t transfer_from_where = 0;
  std::int64_t transferred_bytes_per_second = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("addr", self.address);
    v.field("diff", self.diff);
    v.field("inSync", self.in_sync);
    v.field("slaveAckOffset", self.slave_ack_offset);
    v.field("transferFromWhere", self.transfer_from_where);
    v.field("transferredByteInSecond", self.transferred_bytes_per_second);
  }
};

// A slave's own view.
struct HaClientInfo {
  bool activated = false;
  std::int64_t last_read_timestamp = 0;
  std::int64_t last_write_timestamp = 0;
  std::string master_address;
  std::int64_t master_flush_offset = 0;
  std::int64_t max_offset = 0;
  std::int64_t transferred_bytes_per_second = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("activated", self.activated);
    v.field("lastReadTimestamp", self.last_read_timestamp);
    v.field("lastWriteTimestamp", self.last_write_timestamp);
    v.nullable("masterAddr", self.master_address);
    v.field("masterFlushOffset", self.master_flush_offset);
    v.field("maxOffset", self.max_offset);
    v.field("transferredByteInSecond", self.transferred_bytes_per_second);
  }
};

// 907 A
struct HaStatus {
  HaClientInfo client;
  std::vector<HaConnectionInfo> connections;
  std::int32_t in_sync_slaves = 0;
  bool master = false;
  std::int64_t master_max_offset = 0;

  template <class Self, class Visitor>
  static void visit(Self& self, Visitor& v) {
    v.field("haClientRuntimeInfo", self.client);
    v.field("haConnectionInfo", self.connections);
    v.field("inSyncSlaveNums", self.in_sync_slaves);
    v.field("master", self.master);
    v.field("masterCommitLogMaxOffset", self.master_max_offset);
  }
};

}  // namespace rmq::protocol
