#include "broker/app/replication_metrics.h"

namespace rmq::broker {

using replication::ReplicationStatus;

void add_replication_metrics(http::Metrics& metrics, const BrokerConfig& config,
                             const replication::Replication& replication) {
  const auto gauge = [&](const char* name, const char* help, double (*read)(const ReplicationStatus&)) {
    metrics.gauge(name, help, [&replication, read] { return read(replication.status()); });
  };
  metrics.gauges("rocketmq_broker_role", "1 for the role this broker has: master, slave, or unknown.", [&config] {
    std::vector<http::Sample> samples;
    for (const auto role : {Role::kMaster, Role::kSlave, Role::kUnknown}) {
      samples.push_back({{{"role", std::string(to_string(role))}}, config.role == role ? 1.0 : 0.0});
    }
    return samples;
  });
  gauge("rocketmq_replication_epoch", "Epoch of the mastership that is led or followed.",
        [](const ReplicationStatus& s) { return static_cast<double>(s.epoch); });
  gauge("rocketmq_replication_confirm_offset_bytes", "Log offset up to which the mode's promise holds.",
        [](const ReplicationStatus& s) { return static_cast<double>(s.confirmed); });
  gauge("rocketmq_replication_lag_bytes",
        "Slave: bytes behind its master. Master: of the member of the sync set that is furthest behind.",
        [](const ReplicationStatus& s) { return static_cast<double>(s.lag_bytes); });
  gauge("rocketmq_replication_lag_seconds", "Slave: time since it had everything its master has.",
        [](const ReplicationStatus& s) { return static_cast<double>(s.lag_ms) / 1000; });
  gauge("rocketmq_replication_sync_set_size", "Master: members of the sync set, the master included.",
        [](const ReplicationStatus& s) { return static_cast<double>(s.sync_set.size()); });
  gauge("rocketmq_replication_connected_slaves", "Master: replicas that are connected.",
        [](const ReplicationStatus& s) { return static_cast<double>(s.slaves.size()); });
  gauge("rocketmq_replication_lease_left_seconds",
        "Master: how long it may still acknowledge without hearing from anybody; -1 when no lease is kept.",
        [](const ReplicationStatus& s) {
          return s.lease_left_ms < 0 ? -1.0 : static_cast<double>(s.lease_left_ms) / 1000;
        });
}

}  // namespace rmq::broker
