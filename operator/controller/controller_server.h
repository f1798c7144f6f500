// The Controller of one cluster on the wire: answers 904, 1001-1006 and 1009-1013
// (org.apache.rocketmq.controller 5.5.0), asks brokers for their positions (1007), tells them who is master (1008), and
// keeps what it decides in a GroupStore. The decisions themselves are operator/election's; this is its clock, its
// sockets and its pen.
//
// All groups of a cluster are handled on one thread of the IoPool; nothing on it blocks. One server a cluster: the
// protocol's tables are keyed by broker name alone.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/base/clock.h"
#include "common/base/properties_text.h"
#include "common/base/result.h"
#include "common/remoting/io_pool.h"
#include "common/remoting/tls.h"
#include "operator/controller/group_store.h"
#include "operator/election/messages.h"

namespace rmq::controller {

struct ControllerOptions {
  std::string cluster;  // for logs and metrics
  std::string bind_host = "0.0.0.0";
  std::uint16_t port = 0;         // 0: the system picks one
  std::string announced_address;  // host:port that brokers reach us at (1005); empty: bind_host:port()
  std::string self_id = "n0";     // shown by 1005
  std::string controller_group = "rocketmq-controller";  // shown by 1005
  std::string peers;                                     // shown by 1005: "id:host:port;..."
  std::chrono::milliseconds probe_timeout{300};          // the connect that tells a dead process from a lost network
  // Whether a refused connect proves that nobody listens: where the brokers' addresses are their machines' own. A
  // ClusterIP also refuses when its Service has no endpoints, though the process may live on a node that is cut off:
  // then it is a sign only (docs/replication.md, "Death").
  bool refused_connect_is_proof = true;
  std::size_t max_groups = 10'000;
  std::size_t max_waiting_requests = 10'000;  // answers that wait for a write; above it SYSTEM_BUSY
  remoting::TlsOptions tls;
};

// How far a replica's log is behind its master's end; a coarse value for what is written seldom.
enum class LagBand { kUnknown, kNone, kUnder1MiB, kUnder64MiB, kUnder1GiB, kMore };
std::string_view to_string(LagBand band);

struct GroupStatus {
  std::string name;
  std::string version;                                // of `state`; empty: not stored
  std::shared_ptr<const election::GroupState> state;  // as stored: master, epochs, sync set, elections; never nullptr
  std::vector<election::ReplicaStatus> replicas;      // ascending ids
  bool electing = false;                              // an election is under way
};
// kUnknown while the replica was not heard of.
LagBand lag_band(const election::ReplicaStatus& replica);

// Callbacks must not block and must not call stop(), follow() or statuses(). Those of groups run on the server's
// thread. All but policy_of may be empty.
struct ControllerCallbacks {
  // The policy of a group as of now; asked when a group becomes known and after policy_changed(). An error: brokers of
  // this name are not ours, they are refused.
  std::function<Result<election::Policy>(const std::string& group)> policy_of;
  // Do we still lead, by a clock of one's own and with a margin? Asked, from any thread, before every decision and
  // every answer: a process that was frozen must not grant a lease from the past. False for a while only: requests are
  // answered with 2007, all else waits.
  std::function<bool()> may_lead;
  // After every change of the stored state, of who is alive or of a lag band, and when an election begins or ends.
  std::function<void(const GroupStatus&)> status_changed;
  // An election ended and its record is written (or, without one chosen, could not be held).
  std::function<void(const std::string& group, const election::ElectionRecord&)> elected;
  // 1010 and 1009, on a worker thread where files may be touched. The error's kind kDenied becomes NO_PERMISSION.
  std::function<Properties()> config_shown;
  std::function<Status(const Properties& changes, const std::string& by)> config_update;
};

struct ControllerMetrics {
  std::map<std::string, std::uint64_t> elections;  // by reason
  std::uint64_t failed_elections = 0;              // no candidate
  double election_seconds_sum = 0;                 // from the master's loss to the write of the new one
  double election_seconds_last = 0;
  std::uint64_t heartbeats = 0;
  std::uint64_t requests = 0;
  std::uint64_t write_conflicts = 0;
  std::uint64_t write_errors = 0;
  std::uint64_t groups = 0;
  std::uint64_t groups_without_master = 0;
  std::uint64_t connections = 0;
  bool leading = false;
};

// Thread-safe.
class ControllerServer {
 public:
  // `pool`, `clock` and `store` outlive the server.
  ControllerServer(remoting::IoPool& pool, const Clock& clock, GroupStore& store, ControllerOptions options,
                   ControllerCallbacks callbacks);
  ~ControllerServer();  // stops
  ControllerServer(const ControllerServer&) = delete;
  ControllerServer& operator=(const ControllerServer&) = delete;

  // Listens. Until lead() everything but 1005 and 1010 is answered with CONTROLLER_NOT_LEADER (2007).
  Status start();
  std::uint16_t port() const;

  // From now on we decide: loads all groups (tries again until it works or follow() is called), then answers. A full
  // heartbeat timeout passes before silence counts as death (docs/replication.md, "Death").
  void lead();
  // We no longer decide: waiting requests and later ones are answered with 2007, connections stay open.
  // `leader_address` is what 1005 says from now on; empty: unknown. Returns when nothing more will be written that was
  // not yet handed to the store.
  void follow(const std::string& leader_address = {}, const std::string& leader_id = {});
  // follow(), then closes the port and all connections. Not from a callback.
  void stop();
  bool leading() const;  // true once the groups are loaded

  // Ask policy_of again, for one group or (empty) for all.
  void policy_changed(const std::string& group = {});

  // Certain knowledge that a replica's process is gone (its container ended, its node is deleted). `replica`: the id as
  // text, or its address host:port. `evidence` is for the record.
  void on_process_dead(const std::string& group, const std::string& replica, const std::string& evidence);
  // Make `id` master if it is in the sync set and alive. `done` runs once on the server's thread.
  void request_switchover(const std::string& group, std::int64_t id, std::function<void(Status)> done = {});
  // The group's object was deleted by somebody else: forget it.
  void forget_group(const std::string& group);

  std::vector<GroupStatus> statuses() const;  // waits for the server's thread; not from a callback
  ControllerMetrics metrics() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace rmq::controller
