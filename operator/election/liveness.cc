#include "operator/election/liveness.h"

#include <algorithm>

namespace rmq::election {

bool Liveness::heard(ReplicaId id, std::int64_t now_ms, Connection connection) {
  const auto [it, fresh] = facts_.try_emplace(id);
  auto& facts = it->second;
  if (!fresh && (connection < facts.connection || (connection == facts.connection && !facts.open))) return false;
  facts.connection = connection;
  facts.open = true;
  facts.evidence.clear();
  facts.heard_ms = now_ms;
  return true;
}

void Liveness::registered(ReplicaId id, std::int64_t now_ms, Connection connection) {
  if (!heard(id, now_ms, connection)) return;
  auto& facts = facts_[id];
  facts.registered_ms = now_ms;
  facts.reported = false;  // what its former life reported may be more than it has now
}

bool Liveness::heartbeat(const HeartbeatRequest& request, std::int64_t now_ms, Connection connection) {
  if (!heard(request.id, now_ms, connection)) return false;
  auto& facts = facts_[request.id];
  facts.reported_ms = now_ms;
  facts.reported = true;
  facts.epoch = request.epoch;
  facts.end = request.end;
  facts.confirm = request.confirm;
  facts.priority = request.priority;
  facts.timeout_ms = request.timeout_ms ? std::clamp<std::int64_t>(*request.timeout_ms, 100, 600'000) : 0;
  return true;
}

void Liveness::answered(ReplicaId id, std::int64_t now_ms) {
  const auto it = facts_.find(id);
  // On a connection of ours: proves a living process, but not which connection of its is the newest.
  if (it != facts_.end() && it->second.open) it->second.heard_ms = now_ms;
}

bool Liveness::closed(ReplicaId id, Connection connection) {
  const auto it = facts_.find(id);
  if (it == facts_.end() || it->second.connection != connection || !it->second.open) return false;
  it->second.open = false;
  return true;
}

void Liveness::process_dead(ReplicaId id, const std::string& evidence) {
  const auto [it, fresh] = facts_.try_emplace(id);
  if (fresh) {
    it->second.open = false;  // never heard: nothing contradicts
    it->second.heard_ms = since_ms_;
  }
  // On an open connection a process lives: what died is a former life. (When it does close, a probe asks anew.)
  if (it->second.open) return;
  it->second.evidence = evidence.empty() ? "process ended" : evidence.substr(0, kMaxStateText);
}

std::int64_t Liveness::timeout_of(const Facts& facts) const {
  return facts.timeout_ms > 0 ? std::min(facts.timeout_ms, timeout_ms_) : timeout_ms_;
}

bool Liveness::alive(ReplicaId id, std::int64_t now_ms) const {
  const auto* facts = this->facts(id);
  return facts != nullptr && !facts->certainly_dead() && now_ms - facts->heard_ms <= timeout_of(*facts);
}

std::int64_t Liveness::dead_at(ReplicaId id) const {
  const auto* facts = this->facts(id);
  if (facts == nullptr) return since_ms_ + timeout_ms_ + 1;
  return std::max(facts->heard_ms, since_ms_) + timeout_of(*facts) + 1;
}

bool Liveness::dead(ReplicaId id, std::int64_t now_ms) const {
  return certainly_dead(id) || now_ms >= dead_at(id);
}

bool Liveness::certainly_dead(ReplicaId id) const {
  const auto* facts = this->facts(id);
  return facts != nullptr && facts->certainly_dead();
}

std::string Liveness::why_dead(ReplicaId id, std::int64_t now_ms) const {
  const auto* facts = this->facts(id);
  if (facts != nullptr && facts->certainly_dead()) return facts->evidence;
  const auto since = facts == nullptr ? since_ms_ : std::max(facts->heard_ms, since_ms_);
  return "silent for " + std::to_string(now_ms - since) + " ms";
}

const Liveness::Facts* Liveness::facts(ReplicaId id) const {
  const auto it = facts_.find(id);
  return it == facts_.end() ? nullptr : &it->second;
}

}  // namespace rmq::election
