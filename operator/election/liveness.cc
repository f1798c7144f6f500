#include "operator/election/liveness.h"

#include <algorithm>

namespace rmq::election {

namespace {

constexpr std::size_t kMaxOpen = 8, kMaxClosed = 16;

}  // namespace

bool Liveness::heard(ReplicaId id, std::int64_t now_ms, Connection connection) {
  auto& facts = facts_[id];
  if (std::find(facts.closed.begin(), facts.closed.end(), connection) != facts.closed.end()) return false;
  facts.open.insert(connection);
  if (facts.open.size() > kMaxOpen) facts.open.erase(facts.open.begin());
  facts.evidence.clear();
  facts.suspected = false;
  facts.heard_ms = now_ms;
  return true;
}

bool Liveness::registered(ReplicaId id, std::int64_t now_ms, Connection connection) {
  if (!heard(id, now_ms, connection)) return false;
  auto& facts = facts_[id];
  facts.registered_ms = now_ms;
  facts.reported = false;  // what its former life reported may be more than it has now
  return true;
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
  if (it != facts_.end() && it->second.evidence.empty()) it->second.heard_ms = now_ms;
}

bool Liveness::closed(ReplicaId id, Connection connection) {
  const auto it = facts_.find(id);
  if (it == facts_.end()) return false;
  auto& facts = it->second;
  const bool was_open = facts.open.erase(connection) > 0;
  facts.closed.push_back(connection);
  if (facts.closed.size() > kMaxClosed) facts.closed.pop_front();
  return was_open && facts.open.empty();
}

void Liveness::process_dead(ReplicaId id, const std::string& evidence) {
  believe(id, evidence, true);
}

void Liveness::process_suspected(ReplicaId id, const std::string& evidence) {
  if (!certainly_dead(id)) believe(id, evidence, false);
}

void Liveness::believe(ReplicaId id, const std::string& evidence, bool certain) {
  const auto [it, fresh] = facts_.try_emplace(id);
  if (fresh) it->second.heard_ms = since_ms_;
  // On an open connection a process lives: what died is a former life. (When it does close, a probe asks anew.)
  if (!it->second.open.empty()) return;
  it->second.suspected = !certain;
  it->second.evidence = evidence.empty() ? "process ended" : evidence.substr(0, kMaxStateText);
}

std::int64_t Liveness::timeout_of(const Facts& facts) const {
  return facts.timeout_ms > 0 ? std::min(facts.timeout_ms, timeout_ms_) : timeout_ms_;
}

bool Liveness::alive(ReplicaId id, std::int64_t now_ms) const {
  const auto* facts = this->facts(id);
  return facts != nullptr && !facts->taken_for_dead() && now_ms - facts->heard_ms <= timeout_of(*facts);
}

std::int64_t Liveness::dead_at(ReplicaId id) const {
  const auto* facts = this->facts(id);
  if (facts == nullptr) return since_ms_ + timeout_ms_ + 1;
  return std::max(facts->heard_ms, since_ms_) + timeout_of(*facts) + 1;
}

bool Liveness::dead(ReplicaId id, std::int64_t now_ms) const {
  return taken_for_dead(id) || now_ms >= dead_at(id);
}

bool Liveness::certainly_dead(ReplicaId id) const {
  const auto* facts = this->facts(id);
  return facts != nullptr && facts->certainly_dead();
}

bool Liveness::taken_for_dead(ReplicaId id) const {
  const auto* facts = this->facts(id);
  return facts != nullptr && facts->taken_for_dead();
}

std::string Liveness::why_dead(ReplicaId id, std::int64_t now_ms) const {
  const auto* facts = this->facts(id);
  if (facts != nullptr && facts->taken_for_dead()) return facts->evidence;
  const auto since = facts == nullptr ? since_ms_ : std::max(facts->heard_ms, since_ms_);
  return "silent for " + std::to_string(now_ms - since) + " ms";
}

const Liveness::Facts* Liveness::facts(ReplicaId id) const {
  const auto it = facts_.find(id);
  return it == facts_.end() ? nullptr : &it->second;
}

}  // namespace rmq::election
