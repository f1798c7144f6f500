#include "broker/replication/rules/master_rules.h"

#include <algorithm>
#include <utility>

namespace rmq::replication {

MasterRules::MasterRules(MasterConfig config, ReplicaSet granted, std::int32_t set_epoch, std::int64_t log_end,
                         std::int64_t confirm, Millis now)
    : config_(std::move(config)),
      granted_(std::move(granted)),
      set_epoch_(set_epoch),
      end_(log_end),
      confirm_(std::min(confirm, log_end)) {
  for (const ReplicaId id : granted_) {
    if (id == config_.self) continue;
    Replica& member = replicas_[id];
    member.away_since = now;
    member.caught_up = now;
  }
  step(now);
}

// ---- Inputs

void MasterRules::log_end_moved(std::int64_t end, Millis now) {
  if (end <= end_) return;
  for (auto& [id, replica] : replicas_) {
    if (!replica.connected || replica.acked != end_) continue;
    replica.caught_up = now;  // until this moment it had everything
    replica.mark_end = end;
    replica.mark_time = now;
  }
  end_ = end;
  step(now);
}

void MasterRules::handshake(ReplicaId id, bool learner, ConnectionToken token, Millis now) {
  if (id == config_.self) return;
  Replica& replica = replicas_[id];
  replica.connected = true;
  replica.ever_connected = true;
  replica.learner = learner;
  replica.token = token;
  replica.acked.reset();
  replica.mark_end = end_;
  replica.mark_time = now;
  step(now);
}

AckVerdict MasterRules::acknowledged(ReplicaId id, ConnectionToken token, std::int64_t offset, std::int64_t sent_limit,
                                     Millis now) {
  const auto found = replicas_.find(id);
  if (found == replicas_.end() || !found->second.ever_connected) return AckVerdict::kHostile;
  Replica& replica = found->second;
  if (!replica.connected || replica.token != token) return AckVerdict::kStale;
  if (!config_.mistakes.acks_beyond_sent_3015) {
    const std::int64_t limit = replica.acked ? std::min(sent_limit, end_) : end_;
    if (offset < replica.acked.value_or(0) || offset > limit) return AckVerdict::kHostile;
  }
  replica.acked = offset;
  note_progress(replica, now);
  step(now);
  return AckVerdict::kCounted;
}

void MasterRules::disconnected(ReplicaId id, ConnectionToken token, Millis now) {
  const auto found = replicas_.find(id);
  if (found == replicas_.end() || !found->second.connected || found->second.token != token) return;
  Replica& replica = found->second;
  if (replica.acked && *replica.acked >= end_) replica.caught_up = now;
  replica.connected = false;
  replica.acked.reset();
  replica.away_since = now;
  if (joiner_ == id) joiner_.reset();
  // Nobody counts it, so its memory would only grow with every id that ever came.
  if (!required_set().contains(id)) replicas_.erase(found);
  step(now);
}

AckVerdict MasterRules::ping_echoed(ReplicaId id, ConnectionToken token, Millis sent_at, Millis now) {
  const auto found = replicas_.find(id);
  if (found == replicas_.end() || !found->second.connected || found->second.token != token) return AckVerdict::kStale;
  if (sent_at > now) return AckVerdict::kHostile;
  found->second.echoed = std::max(found->second.echoed.value_or(sent_at), sent_at);
  // Whoever might be elected instead has, after the oldest of these, not promised anything to a Controller.
  Millis oldest = now;
  for (const ReplicaId other : required_set()) {
    if (other == config_.self) continue;
    const Replica* replica = find(other);
    if (replica == nullptr || !replica->echoed) return AckVerdict::kCounted;
    oldest = std::min(oldest, *replica->echoed);
  }
  renewed_from_ = std::max(renewed_from_.value_or(oldest), oldest);
  return AckVerdict::kCounted;
}

void MasterRules::heartbeat_answered(Millis sent_at, Millis lease, Millis now) {
  if (sent_at > now || lease <= 0) return;
  lease_ = lease;
  renewed_from_ = std::max(renewed_from_.value_or(sent_at), sent_at);
}

void MasterRules::controller_set(const ReplicaSet& set, std::int32_t set_epoch, Millis now) {
  if (set_epoch <= set_epoch_) return;
  const ReplicaSet former = std::exchange(granted_, set);
  set_epoch_ = set_epoch;
  asked_.clear();
  under_way_.reset();
  for (const ReplicaId id : granted_) {
    if (id == config_.self || former.contains(id)) continue;
    Replica& member = replicas_[id];  // new to the set: its time starts now
    if (!member.connected) member.away_since = now;
    member.caught_up = now;
  }
  std::erase_if(replicas_,
                [this](const auto& item) { return !item.second.connected && !granted_.contains(item.first); });
  step(now);
}

void MasterRules::proposal_refused(std::uint64_t number, Millis now) {
  const auto found = asked_.find(number);
  if (found == asked_.end()) return;
  for (const ReplicaId id : found->second) {
    // Perhaps it is this one that the Controller takes for dead; others shall have their turn.
    if (granted_.contains(id)) continue;
    const auto replica = replicas_.find(id);
    if (replica != replicas_.end()) replica->second.join_not_before = now + 4 * config_.proposal_pause;
  }
  asked_.erase(found);
  if (under_way_ == number) under_way_.reset();
  propose_not_before_ = now + config_.proposal_pause;
  step(now);
}

void MasterRules::proposal_unknown(std::uint64_t number, Millis now) {
  if (under_way_ != number) return;
  under_way_.reset();
  propose_not_before_ = now + config_.proposal_pause;
  step(now);
}

// ---- Outputs

std::int64_t MasterRules::acknowledged_end() const {
  return config_.mode == Mode::kAsync ? end_ : confirm_;
}

Millis MasterRules::lease_end(Millis now) const {
  if (!config_.lease_needed || config_.mistakes.no_lease_7017) return kForever;
  if (alone() && config_.alone_renewal && !config_.unclean_allowed)
    return std::max<Millis>(now + lease_ - lease_ / 10, now + 1);
  if (!renewed_from_) return std::numeric_limits<Millis>::min();
  return *renewed_from_ + lease_ - lease_ / 10;
}

bool MasterRules::accepts_sends() const {
  return applied_ >= config_.epoch_start || config_.mistakes.early_master_7689;
}

bool MasterRules::serves_state() const {
  return applied_ >= config_.epoch_start || config_.mistakes.state_outside_log_7790;
}

bool MasterRules::enough_in_sync() const {
  if (!granted_.contains(config_.self)) return false;
  const auto size = static_cast<std::int64_t>(granted_.size());
  switch (config_.mode) {
    case Mode::kAsync: return true;
    case Mode::kSync: return size >= config_.min_in_sync;
    case Mode::kQuorum: return size >= config_.write_quorum;
  }
  return false;
}

std::optional<Proposal> MasterRules::take_proposal(Millis now) {
  if (under_way_ || now < propose_not_before_) return std::nullopt;
  step(now);
  auto wanted = wanted_set(now);
  if (!wanted) return std::nullopt;
  // The last moment at which this master knew that nobody else could be elected.
  if (alone() && config_.alone_renewal && !config_.unclean_allowed) {
    renewed_from_ = std::max(renewed_from_.value_or(now), now);
  }
  Proposal proposal{next_number_++, std::move(*wanted), set_epoch_};
  asked_.emplace(proposal.number, proposal.set);
  under_way_ = proposal.number;
  joiner_.reset();  // counts as a member from here on
  return proposal;
}

Millis MasterRules::next_wakeup(Millis now) const {
  Millis next = kForever;
  const auto at = [&](Millis time) { next = std::min(next, std::max(time, now + 1)); };
  if (joiner_) at(hold_until_);
  if (under_way_) return next;
  if (propose_not_before_ > now) at(propose_not_before_);
  for (const auto& [id, replica] : replicas_) {
    if (!granted_.contains(id)) {
      if (replica.connected && replica.join_not_before > now) at(replica.join_not_before);
    } else if (config_.mode != Mode::kQuorum) {
      if (const Millis leaves = leaves_at(id); leaves != kForever) at(leaves);
    } else if (!replica.connected && replica.away_since + config_.shrink_after > now) {
      at(replica.away_since + config_.shrink_after);
    }
  }
  return next;
}

ReplicaSet MasterRules::required_set() const {
  ReplicaSet all = granted_;
  for (const auto& [number, set] : asked_) all.insert(set.begin(), set.end());
  return all;
}

std::optional<std::int64_t> MasterRules::acknowledged_by(ReplicaId id) const {
  const Replica* replica = find(id);
  return replica != nullptr && replica->connected ? replica->acked : std::nullopt;
}

// ---- Copies

const MasterRules::Replica* MasterRules::find(ReplicaId id) const {
  const auto found = replicas_.find(id);
  return found == replicas_.end() ? nullptr : &found->second;
}

std::optional<std::int64_t> MasterRules::position(ReplicaId id) const {
  if (id == config_.self) return end_;
  return acknowledged_by(id);
}

std::optional<std::int64_t> MasterRules::all_have(const ReplicaSet& set) const {
  std::optional<std::int64_t> least;
  for (const ReplicaId id : set) {
    const auto have = position(id);
    if (!have && config_.mistakes.skip_unconnected_6662) continue;
    if (!have) return std::nullopt;
    least = std::min(least.value_or(*have), *have);
  }
  return least;
}

std::optional<std::int64_t> MasterRules::quorum_has(const ReplicaSet& set) const {
  std::vector<std::int64_t> have;
  for (const ReplicaId id : set) {
    if (const auto offset = position(id)) have.push_back(*offset);
  }
  if (config_.write_quorum < 1 || static_cast<std::int64_t>(have.size()) < config_.write_quorum) return std::nullopt;
  std::sort(have.rbegin(), have.rend());
  const std::int64_t offset = have[static_cast<std::size_t>(config_.write_quorum) - 1];
  // An old epoch's tail is not safe by being on W members alone: one with a later epoch's tail could still be elected.
  if (offset < config_.epoch_start) return std::nullopt;
  return offset;
}

std::optional<std::int64_t> MasterRules::confirmable() const {
  if (!granted_.contains(config_.self)) return std::nullopt;
  const bool asked_counts = !config_.mistakes.granted_set_only_5663;
  if (config_.mode != Mode::kQuorum) return all_have(asked_counts ? required_set() : granted_);
  auto least = quorum_has(granted_);
  if (asked_counts) {
    for (const auto& [number, set] : asked_) {
      const auto offset = quorum_has(set);
      if (!offset || !least) return std::nullopt;
      least = std::min(*least, *offset);
    }
  }
  return least;
}

void MasterRules::move_confirm() {
  auto offset = confirmable();
  if (!offset) return;
  if (joiner_) offset = std::min(*offset, acknowledged_by(*joiner_).value_or(confirm_));
  confirm_ = std::max(confirm_, std::min(*offset, end_));
}

void MasterRules::note_progress(Replica& replica, Millis now) {
  if (*replica.acked >= end_) {
    replica.caught_up = now;
  } else if (*replica.acked >= replica.mark_end) {
    replica.caught_up = std::max(replica.caught_up, replica.mark_time);
  } else {
    return;
  }
  replica.mark_end = end_;
  replica.mark_time = now;
}

void MasterRules::step(Millis now) {
  if (joiner_ && now >= hold_until_) {
    const auto found = replicas_.find(*joiner_);
    if (found != replicas_.end()) found->second.join_not_before = now + 4 * config_.proposal_pause;
    joiner_.reset();
  }
  hold_for_joiner(now);
  move_confirm();
}

// ---- The set

bool MasterRules::alone() const {
  const ReplicaSet all = required_set();
  return all.size() == 1 && all.contains(config_.self);
}

Millis MasterRules::leaves_at(ReplicaId id) const {
  const Replica* member = find(id);
  if (member == nullptr) return kForever;  // this master itself
  if (!member->connected) {
    return member->away_since + (member->ever_connected ? config_.disconnect_grace : config_.first_connect_grace);
  }
  if (member->acked && *member->acked >= end_) return kForever;
  return member->caught_up + config_.shrink_after;
}

bool MasterRules::has_confirmed(ReplicaId id) const {
  const auto have = acknowledged_by(id);
  return have && *have >= std::max(confirm_, config_.epoch_start);
}

// Not a member, and nothing speaks against it but perhaps some bytes.
bool MasterRules::could_join(ReplicaId id, Millis now) const {
  const Replica* replica = find(id);
  return replica != nullptr && replica->connected && !replica->learner && replica->acked && !granted_.contains(id) &&
         now >= replica->join_not_before;
}

// The granted set with `id` in it; in quorum mode perhaps in the place of a member that is gone. None: no room.
std::optional<ReplicaSet> MasterRules::with_member(ReplicaId id, Millis now) const {
  ReplicaSet next = granted_;
  next.insert(id);
  if (config_.mode != Mode::kQuorum || static_cast<std::int64_t>(granted_.size()) < config_.members_wanted) return next;
  if (static_cast<std::int64_t>(granted_.size()) > config_.members_wanted) return std::nullopt;
  for (const ReplicaId member : granted_) {
    const Replica* replica = find(member);
    if (replica == nullptr || replica->connected || now < replica->away_since + config_.shrink_after) continue;
    next.erase(member);
    return next;
  }
  return std::nullopt;
}

std::optional<ReplicaSet> MasterRules::wanted_set(Millis now) const {
  if (!granted_.contains(config_.self)) return std::nullopt;
  if (config_.mode != Mode::kQuorum) {
    ReplicaSet next = granted_;
    std::erase_if(next, [&](ReplicaId id) { return leaves_at(id) <= now; });
    if (next != granted_) return next;
  }
  for (const auto& [id, replica] : replicas_) {
    if (!could_join(id, now) || !has_confirmed(id)) continue;
    if (auto next = with_member(id, now)) return next;
  }
  return std::nullopt;
}

void MasterRules::hold_for_joiner(Millis now) {
  if (joiner_ || under_way_ || now < propose_not_before_) return;
  for (const auto& [id, replica] : replicas_) {
    if (!could_join(id, now) || has_confirmed(id) || !with_member(id, now)) continue;
    if (replica.caught_up + config_.join_lag < now) continue;
    joiner_ = id;
    hold_until_ = now + config_.join_hold;
    return;
  }
}

}  // namespace rmq::replication
