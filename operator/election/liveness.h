// Which replicas are heard, and what their heartbeats said. Rule 3 of docs/replication.md, "The Controller's rules".
// No clock: every call brings the time (monotonic ms). Not thread-safe. Bounded by the caller's number of replicas.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "operator/election/messages.h"

namespace rmq::election {

class Liveness {
 public:
  struct Facts {
    std::int64_t heard_ms = 0;
    std::int64_t registered_ms = 0;
    std::int64_t reported_ms = 0;   // of the last heartbeat
    bool reported = false;          // a heartbeat came since it registered last
    std::set<Connection> open;      // it spoke on; bounded
    std::deque<Connection> closed;  // the last of them that closed; bounded
    std::string evidence;           // of its death
    bool suspected = false;         // what there is of evidence is a sign, no proof
    std::int64_t timeout_ms = 0;
    std::int32_t epoch = 0;
    std::int64_t end = 0;
    std::optional<std::int64_t> confirm;
    std::int32_t priority = 0x7fffffff;

    bool taken_for_dead() const { return !evidence.empty(); }
    bool certainly_dead() const { return taken_for_dead() && !suspected; }
  };

  // Silence before `since_ms` is no evidence.
  Liveness(std::int64_t since_ms, std::int64_t timeout_ms) : since_ms_(since_ms), timeout_ms_(timeout_ms) {}
  void set_timeout(std::int64_t timeout_ms) { timeout_ms_ = timeout_ms; }

  // A message of the replica. One on a connection that closed meanwhile proves nothing about now: false, and nothing
  // changes.
  bool heard(ReplicaId id, std::int64_t now_ms, Connection connection);
  bool registered(ReplicaId id, std::int64_t now_ms, Connection connection);
  bool heartbeat(const HeartbeatRequest& request, std::int64_t now_ms, Connection connection);
  // An answer of the replica to a question of ours.
  void answered(ReplicaId id, std::int64_t now_ms);
  // Whether that was the last connection it spoke on.
  bool closed(ReplicaId id, Connection connection);
  // Both count only while no connection of it is open. Certainty: the process is no more, and so is its lease.
  void process_dead(ReplicaId id, const std::string& evidence);
  // A sign that it is: reason enough to elect at once, none to do without its lease. Never weakens a certainty.
  void process_suspected(ReplicaId id, const std::string& evidence);
  void forget(ReplicaId id) { facts_.erase(id); }

  bool alive(ReplicaId id, std::int64_t now_ms) const;
  // Not the opposite of alive(): a new leader has not heard of some yet.
  bool dead(ReplicaId id, std::int64_t now_ms) const;
  bool certainly_dead(ReplicaId id) const;
  bool taken_for_dead(ReplicaId id) const;  // certainly or by a sign, not by silence
  // When dead() becomes true if nothing is heard.
  std::int64_t dead_at(ReplicaId id) const;
  std::string why_dead(ReplicaId id, std::int64_t now_ms) const;
  const Facts* facts(ReplicaId id) const;

 private:
  std::int64_t timeout_of(const Facts& facts) const;
  void believe(ReplicaId id, const std::string& evidence, bool certain);

  std::int64_t since_ms_;
  std::int64_t timeout_ms_;
  std::map<ReplicaId, Facts> facts_;
};

}  // namespace rmq::election
