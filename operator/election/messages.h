// What goes into and comes out of a GroupController: requests, policy, actions. Plain values, no pointers: the
// operator, the stand-alone Controller and the simulator drive the same machine.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "common/protocol/body/controller.h"
#include "operator/election/group_state.h"

namespace rmq::election {

// `ms` is monotonic and local, every rule runs on it; `wall_ms` (unix) only goes into records.
struct Now {
  std::int64_t ms = 0;
  std::int64_t wall_ms = 0;
};

enum class Mode : std::uint8_t { kAsync, kSync, kQuorum };

// TEST SEAM for `rocketmq-sim --bug`: puts mistakes of the original back. Nothing but the simulator and tests sets
// them. (6662 and 5663 are mistakes of a master, not of a Controller: broker/replication/rules has their seams.)
struct Mistakes {
  bool issue_7017 = false;   // elects as soon as the master is silent: no fence, no lease waited for
  bool issue_10578 = false;  // compares ends by an int difference, which overflows at 2 GiB
};

struct Policy {
  Mode mode = Mode::kSync;
  std::int32_t expected_replicas = 1;  // N
  std::int32_t write_quorum = 1;       // W = N/2+1; quorum mode only
  bool unclean_allowed = false;
  bool known_new = false;   // the group never existed: its first replica with an empty log may be master at once
  bool async_flush = true;  // brokers acknowledge before the disk has it: a changed boot id means bytes may be gone
  std::int64_t lease_ms = 3000;
  std::int64_t heartbeat_timeout_ms = 10'000;
  std::int64_t position_wait_ms = 500;
  std::int64_t retry_ms = 200;          // after a write that failed
  std::int64_t elect_answer_ms = 2500;  // a 1002 is answered by then: stock brokers wait 3 s
  Mistakes mistakes;
};

// Chosen by the driver. A request id names one request to answer; a connection names one TCP connection, and a newer
// one has a greater number.
using RequestId = std::uint64_t;
using Connection = std::uint64_t;

// 1012
struct NextIdRequest {};
// 1013
struct ApplyIdRequest {
  ReplicaId id = 0;
  std::string check_code;
};
// 1003: a process started. ours and boot_id: see Replica.
struct RegisterRequest {
  ReplicaId id = 0;
  std::string address;
  bool ours = false;
  std::string boot_id;
};
// 904
struct HeartbeatRequest {
  ReplicaId id = 0;
  std::string address;
  std::int32_t epoch = 0;  // the last of its epoch file
  std::int64_t end = 0;    // of its log
  std::optional<std::int64_t> confirm;
  std::optional<std::int64_t> timeout_ms;
  std::int32_t priority = 0x7fffffff;  // electionPriority; lower wins
  bool ours = false;
  std::optional<std::int32_t> promised_epoch;
};
// 1001
struct AlterSyncSetRequest {
  ReplicaId master = 0;
  std::int32_t master_epoch = 0;
  std::set<ReplicaId> members;
  std::int32_t set_epoch = 0;
};
// 1002. id -1: nobody in particular (a tool). resign: `id` is the master, has stopped acknowledging, and its slaves
// have caught up.
struct ElectMasterRequest {
  ReplicaId id = -1;
  bool designate = false;
  bool resign = false;
  std::optional<std::int32_t> resign_epoch;  // of the mastership given up
};
// 1004
struct ReplicaInfoRequest {};
// 1006, this group's part
struct SyncStateRequest {};
// 1011. ids empty: the whole group.
struct CleanRequest {
  std::set<ReplicaId> ids;
  bool living_too = false;
};
// Of the operator: a replica's address changed while it lives.
struct UpdateAddressRequest {
  ReplicaId id = 0;
  std::string address;
};

using Request =
    std::variant<NextIdRequest, ApplyIdRequest, RegisterRequest, HeartbeatRequest, AlterSyncSetRequest,
                 ElectMasterRequest, ReplicaInfoRequest, SyncStateRequest, CleanRequest, UpdateAddressRequest>;

// An answer to 1007. `fenced`: the promise (fenceEpoch) is on the replica's disk.
struct Position {
  std::int32_t last_epoch = 0;
  std::int64_t end = 0;
  bool fenced = false;
};

// To send as the answer to `request`. What is set goes into header and body as the original has them
// (operator/controller/wire.h does that).
struct Answer {
  RequestId request = 0;
  std::int32_t code = 0;
  std::string remark;
  std::optional<ReplicaId> next_id;                  // 1012
  std::optional<ReplicaId> master;                   // 1002, 1003, 1004
  std::string master_address;                        // with master
  std::optional<std::int32_t> master_epoch;          // 1002, 1003, 1004
  std::optional<std::int32_t> set_epoch;             // 1001, 1002, 1003
  std::optional<std::int64_t> lease_ms;              // 904, 1003; only to our brokers
  std::optional<protocol::SyncStateSet> sync_set;    // body of 1001, 1003, 1004
  std::optional<protocol::ElectMasterBody> elected;  // body of 1002
  std::optional<protocol::ReplicasInfo> replicas;    // this group's part of the body of 1006
};
// To write by compare-and-swap over what was loaded or written last; then on_written(). Never two at a time.
// `erase`: the group was cleaned, remove the object instead.
struct Write {
  GroupState state;
  bool erase = false;
};
// To ask by 1007 at `address`; then on_position() with `ask`, also when there is no answer (bounded by about
// position_wait_ms). Without fence_epoch: only ask.
struct AskPosition {
  std::uint64_t ask = 0;
  ReplicaId id = 0;
  std::string address;
  std::optional<std::int32_t> fence_epoch;
};
// To send as 1008.
struct Notify {
  ReplicaId id = 0;
  std::string address;
  ReplicaId master = 0;
  std::string master_address;
  std::int32_t master_epoch = 0;
  protocol::SyncStateSet sync_set;
};
// The last connection of a living replica closed: try to connect; if that is refused (not: times out),
// on_process_dead() where its own machine answers, else on_process_suspected().
struct Probe {
  ReplicaId id = 0;
  std::string address;
  Connection connection = 0;
};
// An election ended and its record is written (or could not be held: chosen empty): event, metric, log.
struct ElectionEvent {
  ElectionRecord record;
};

using Action = std::variant<Answer, Write, AskPosition, Notify, Probe, ElectionEvent>;
using Actions = std::vector<Action>;

enum class WriteResult : std::uint8_t {
  kOk,
  kConflict,  // somebody else wrote: the actual state comes along
  kError,     // unknown whether it was written
};

// For status, metrics and `kubectl get`.
struct ReplicaStatus {
  ReplicaId id = 0;
  std::string address;
  bool alive = false;
  bool in_sync = false;
  bool master = false;
  std::optional<std::int64_t> heartbeat_age_ms;  // absent: not heard since this Controller leads
  std::int64_t end = 0;                          // as of the last heartbeat
  std::int64_t lag = 0;                          // bytes behind the master's end, as of the last heartbeats
};

}  // namespace rmq::election
