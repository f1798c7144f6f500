// Mistakes of the original that the simulator can put back, to show that it would have found them. Never set outside
// tests and bin/rocketmq-sim. Numbers are issues of apache/rocketmq.
#pragma once

namespace rmq::replication {

struct Mistakes {
  bool no_lease_7017 = false;           // a master cut off from everybody goes on acknowledging
  bool skip_unconnected_6662 = false;   // a member without a connection does not hold the confirm offset back
  bool granted_set_only_5663 = false;   // while the set grows, the asked-for member is not waited for
  bool early_master_7689 = false;       // a new master numbers its queues before its consume queues reached its end
  bool stale_tail_10666 = false;        // a restart brings back a tail that was cut
  bool state_outside_log_7790 = false;  // a new master takes over before the state journal of its log was applied
  bool acks_beyond_sent_3015 = false;   // junk on the HA port counts as an acknowledgement
  bool operator==(const Mistakes&) const = default;
};

}  // namespace rmq::replication
