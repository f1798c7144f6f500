#include "broker/app/replication_settings.h"

namespace rmq::broker {

using replication::AckMode;
using replication::HaProtocol;

replication::ReplicationOptions replication_options_of(const BrokerConfig& config) {
  replication::ReplicationOptions options;
  options.protocol = config.enable_controller_mode ? HaProtocol::kAutoSwitch : HaProtocol::kClassic;
  if (config.enable_controller_mode) {
    options.mode = config.mode() == ReplicationMode::kQuorum ? AckMode::kQuorum
                   : config.mode() == ReplicationMode::kSync ? AckMode::kSync
                                                             : AckMode::kAsync;
  } else {
    // As the original: a SYNC_MASTER whose own copy is enough waits for nobody.
    const bool waits = config.broker_role == "SYNC_MASTER" && config.in_sync_replicas > 1;
    options.mode = waits ? AckMode::kSync : AckMode::kAsync;
  }
  options.listen_host = config.bind_address;
  options.listen_port = static_cast<std::uint16_t>(config.ha_listen_port);
  options.epoch_file = config.store_path_epoch_file;
  options.promise_file = config.store_path_epoch_file + "-promise";
  options.quorum_replicas = config.total_replicas;
  options.in_sync_replicas = config.in_sync_replicas;
  options.min_in_sync = config.min_in_sync_replicas;
  options.unclean_election = config.enable_elect_unclean_master;
  options.learner = config.async_learner;
  options.sync_from_last_file = config.sync_from_last_file;
  options.heartbeat_ms = config.ha_send_heartbeat_interval;
  options.idle_ms = config.ha_housekeeping_interval;
  options.not_caught_up_ms = config.ha_max_time_slave_not_catchup;
  options.max_gap_bytes = config.ha_max_gap_not_in_sync;
  options.shared_secret = config.ha_shared_secret;
  options.batch_bytes = static_cast<std::size_t>(config.ha_transfer_batch_size);
  return options;
}

replication::MembershipOptions membership_options_of(const BrokerConfig& config) {
  replication::MembershipOptions options;
  options.facts.cluster = config.broker_cluster_name;
  options.facts.name = config.broker_name;
  options.facts.address = config.broker_address();
  options.facts.boot_id = replication::boot_id();
  options.facts.heartbeat_timeout_ms = config.controller_heartbeat_timeout;
  options.facts.election_priority = config.broker_election_priority;
  options.identity_path = config.store_path_broker_identity;
  options.heartbeat_ms = config.broker_heartbeat_interval;
  options.poll_ms = config.sync_broker_metadata_period;
  options.find_leader_ms = config.sync_controller_metadata_period;
  options.fallback_lease_ms = config.broker_lease_millis;
  return options;
}

}  // namespace rmq::broker
