// What a broker does next towards its Controller: id, registration, election, watching who is master. Pure: no I/O, no
// clock; Membership does what next() says and brings the result.
//
// The way up (source: org.apache.rocketmq.broker.controller.ReplicasManager of release 5.5.0):
//   no id -> 1012 -> temporary file -> 1013 -> final file -> 1003 -> (no master: 1002) -> watching with 1004
// A process registers (1003) once in its life: to the Controller a registration is a new life of the broker, which ends
// its mastership. It registers again only when the Controller says that it does not know the broker.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "broker/replication/membership/identity.h"
#include "broker/replication/replication.h"

namespace rmq::replication {

// What a Controller says of the group.
struct GroupView {
  std::optional<BrokerId> master;
  std::string master_address;
  std::int32_t master_epoch = 0;
  std::set<BrokerId> sync_set;
  std::int32_t set_epoch = 0;
  bool operator==(const GroupView&) const = default;
};

enum class Step : std::uint8_t {
  kWait,           // until wake_ms()
  kFindLeader,     // 1005 at all controllers
  kNextId,         // 1012
  kSaveTemporary,  // wanted()
  kApplyId,        // 1013 for wanted()
  kSaveIdentity,   // wanted()
  kRegister,       // 1003
  kElect,          // 1002
  kReplicaInfo,    // 1004
};
std::string_view to_string(Step step);

struct StepResult {
  std::optional<Error> error;  // no answer, or the file could not be written
  std::int32_t code = 0;       // of the answer
  std::string remark;
  std::string leader;             // kFindLeader; empty: nobody knows one
  BrokerId next_id = 0;           // kNextId
  std::optional<GroupView> view;  // kRegister, kElect, kReplicaInfo
};

struct MachineOptions {
  std::string cluster, name, address;
  std::int64_t retry_ms = 500;              // after a failure
  std::int64_t poll_ms = 5'000;             // syncBrokerMetadataPeriod
  std::int64_t masterless_poll_ms = 1'000;  // while there is no master
  std::int64_t find_leader_ms = 10'000;     // syncControllerMetadataPeriod
};

// Not thread-safe. Times are monotonic milliseconds.
class Machine {
 public:
  // What the files held; both nullopt: a broker without an id.
  Machine(MachineOptions options, std::optional<BrokerIdentity> identity, std::optional<BrokerIdentity> temporary);

  // What is due; the same step is not given again before its result came.
  Step next(std::int64_t now_ms, std::int64_t wall_ms);
  // When next() will have something to do at the latest.
  std::int64_t wake_ms() const;
  void on_result(Step step, const StepResult& result, std::int64_t now_ms);

  void on_notified(const GroupView& view, std::int64_t now_ms);         // 1008
  void on_leader_lost(const std::string& leader, std::int64_t now_ms);  // it does not answer, or leads no more
  void on_unknown(std::int64_t now_ms);  // the Controller does not know this broker: register again
  void look_again(std::int64_t now_ms) { poll_at_ = now_ms; }  // 1004 now: something changed

  const std::string& leader() const { return leader_; }  // empty: not known
  const BrokerIdentity& wanted() const { return identity_; }
  std::optional<BrokerId> own_id() const;  // granted and on disk
  bool registered() const { return phase_ == Phase::kRegistered; }
  const GroupView& view() const { return view_; }  // the newest seen since this process registered
  std::uint64_t view_version() const { return view_version_; }

 private:
  enum class Phase : std::uint8_t { kNoId, kIdKnown, kTemporarySaved, kIdGranted, kHasId, kRegistered };

  Step step_of_phase(std::int64_t now_ms) const;
  void take(const GroupView& view);
  void on_failure(Step step, const StepResult& result, std::int64_t now_ms);
  void on_refusal(Step step, const StepResult& result, std::int64_t now_ms);
  void begin_identity(std::int64_t wall_ms);

  const MachineOptions options_;
  Phase phase_ = Phase::kNoId;
  BrokerIdentity identity_;
  bool has_file_ = false;       // the final file is there
  bool must_remember_ = false;  // the Controller lost the id that the file holds: it is applied for again
  std::string leader_;
  bool busy_ = false;
  std::int64_t retry_at_ = 0;
  std::int64_t find_at_ = 0;
  std::int64_t poll_at_ = 0;
  std::int64_t elect_at_ = 0;
  bool masterless_ = false;
  std::int32_t notified_epoch_ = 0;  // of a notification that came before the registration was done
  GroupView view_;
  std::uint64_t view_version_ = 0;
};

}  // namespace rmq::replication
