// What a Controller remembers of one broker group: the content of the group's object (a Kubernetes object, a key in
// etcd), changed only by compare-and-swap of the whole. Rules: docs/replication.md, "The Controller's rules".
// Plain values; thread-compatible.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/base/result.h"

namespace rmq::election {

// A broker id that the Controller gave, from 1.
using ReplicaId = std::int64_t;

// Bounds of what is stored and of what is read from outside.
inline constexpr std::size_t kMaxReplicas = 64;
inline constexpr std::size_t kMaxElectionRecords = 16;
inline constexpr std::size_t kMaxStateText = 512;
inline constexpr ReplicaId kMaxReplicaId = std::int64_t{1} << 40;

struct Replica {
  std::string address;     // host:port where clients and the Controller reach it
  std::string check_code;  // of 1013; empty when adopted from a registration
  std::string boot_id;     // of 1003; empty: unknown
  bool ours = false;       // knows leases and fences (sent rmqk=1)
  bool suspect = false;    // its machine started anew, the log's end may be lost: no vote until it has caught up
  bool operator==(const Replica&) const = default;
};

struct ElectionCandidate {
  ReplicaId id = 0;
  std::optional<std::int32_t> last_epoch;  // as it answered, if it did
  std::optional<std::int64_t> end;         // end of its log, bytes
  bool alive = false;
  bool operator==(const ElectionCandidate&) const = default;
};

struct ElectionRecord {
  std::int64_t time_ms = 0;  // wall clock
  std::int32_t epoch = 0;    // the new master epoch; the old one when nobody was chosen
  std::vector<ElectionCandidate> candidates;
  std::optional<ReplicaId> chosen;
  std::string reason;
  std::string may_be_lost;  // empty: nothing acknowledged
  bool operator==(const ElectionRecord&) const = default;
};

struct GroupState {
  std::string cluster;
  std::string name;
  std::map<ReplicaId, Replica> replicas;
  ReplicaId max_id = 0;  // the greatest id ever given: ids are not used twice
  std::optional<ReplicaId> master;
  std::optional<ReplicaId> previous_master;  // who may still believe it is, while there is none
  std::int32_t master_epoch = 0;
  std::set<ReplicaId> sync_set;
  std::int32_t sync_set_epoch = 0;
  // Synchronous: who left the set when it last shrank, until its master was heard of after that. A master that asked to
  // shrink and died before it was granted waited for their answers, too.
  std::set<ReplicaId> leaving;
  std::vector<ElectionRecord> elections;  // oldest first, at most kMaxElectionRecords

  bool operator==(const GroupState&) const = default;
  // Empty when there is no master.
  std::string_view master_address() const;
  std::string_view address_of(ReplicaId id) const;
  // Appends and forgets the oldest beyond the bound.
  void add_record(ElectionRecord record);
};

// Member names are camelCase, as in Kubernetes objects.
nlohmann::json to_json(const GroupState& state);
// Tolerates unknown members. kInvalid on wrong types, anything out of bounds, a master or member that is no replica.
Result<GroupState> group_state_from_json(const nlohmann::json& document);
std::string to_text(const GroupState& state);
Result<GroupState> group_state_from_text(std::string_view text);

}  // namespace rmq::election
