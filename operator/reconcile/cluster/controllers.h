// What a reconcile asks of the Controllers (operator/controller_kube has them; tests a simulation): who is master now,
// and to make another one master before a pod goes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/base/result.h"
#include "operator/api/cluster.h"
#include "operator/kube/resource.h"

namespace rmq::operator_ {

struct ReplicaView {
  std::string pod;
  bool alive = false;
  bool in_sync = false;  // a member of the sync set
  bool operator==(const ReplicaView&) const = default;
};

// A group as its Controller has it in memory: newer than any cache.
struct GroupView {
  std::string master;  // the pod; empty: none
  std::int64_t master_epoch = 0;
  std::vector<ReplicaView> replicas;
  std::string waiting;   // without a master: why
  std::string may_lose;  // the last election was unclean: what it may have cost
  bool current = true;   // false: as recorded by an earlier Controller; good to show, not to act on
  bool operator==(const GroupView&) const = default;

  const ReplicaView* find(const std::string& pod) const {
    for (const auto& replica : replicas) {
      if (replica.pod == pod) return &replica;
    }
    return nullptr;
  }
  bool in_sync(const std::string& pod) const {
    const auto* replica = find(pod);
    return replica != nullptr && replica->alive && replica->in_sync;
  }
};

// Where brokers reach the Controller: the operator's own address and the port it listens at.
struct ControllerEndpoint {
  std::string ip;
  std::uint16_t port = 0;
};

// Thread-safe; no call waits for a broker or the API server.
class Controllers {
 public:
  virtual ~Controllers() = default;

  // Runs the Controller of this cluster from now on, if it does not run yet, and tells it of a changed spec.
  virtual Result<ControllerEndpoint> serve(const Cluster& cluster) = 0;
  // The cluster is gone, or its groups have one broker each.
  virtual void end(const kube::ObjectKey& cluster) = 0;
  // nullopt: not known yet.
  virtual std::optional<GroupView> view(const kube::ObjectKey& cluster, const std::string& group) const = 0;
  // Asks for another master; view() shows when it came true.
  virtual void switch_over(const kube::ObjectKey& cluster, const std::string& group, const std::string& pod) = 0;
  // The pod will not come back: its id is given up, unless it is in the sync set.
  virtual void forget_replica(const kube::ObjectKey& cluster, const std::string& group, const std::string& pod) = 0;
  // The group was removed.
  virtual void forget_group(const kube::ObjectKey& cluster, const std::string& group) = 0;
};

}  // namespace rmq::operator_
