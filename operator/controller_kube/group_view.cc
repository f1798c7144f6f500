#include "operator/controller_kube/group_view.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "operator/build/names.h"
#include "operator/kube/json_access.h"

namespace rmq::operator_ {

using election::ElectionRecord;
using election::GroupState;
using election::ReplicaId;

namespace {

constexpr std::size_t kMaxCandidates = 600;  // of text

std::string candidates_text(const ElectionRecord& record, const GroupState& state) {
  std::string text;
  for (const auto& candidate : record.candidates) {
    text += (text.empty() ? "" : ", ") + pod_of(state, candidate.id);
    if (candidate.end && candidate.last_epoch) {
      text += " (epoch " + std::to_string(*candidate.last_epoch) + ", end " + std::to_string(*candidate.end) + ")";
    } else {
      text += candidate.alive ? " (no answer)" : " (dead)";
    }
  }
  if (text.size() > kMaxCandidates) text = text.substr(0, kMaxCandidates) + "...";
  return text;
}

ElectionEntry entry_of(const ElectionRecord& record, const GroupState& state) {
  return {.time = format_time(record.time_ms),
          .epoch = record.epoch,
          .master = record.chosen ? pod_of(state, *record.chosen) : "",
          .reason = record.reason,
          .candidates = candidates_text(record, state),
          .unclean = !record.may_be_lost.empty(),
          .may_lose = record.may_be_lost};
}

}  // namespace

std::string pod_of(const GroupState& state, ReplicaId id) {
  const auto address = state.address_of(id);
  auto pod = pod_of_address(state.name, address);
  if (!pod.empty()) return pod;
  return address.empty() ? "id " + std::to_string(id) : std::string(address);
}

BrokerGroupStatus status_of(const GroupState& state, const std::string& uid, const std::string& lag,
                            const BrokerGroupStatus& before, std::int64_t now_ms) {
  BrokerGroupStatus status{.uid = uid,
                           .master = state.master ? pod_of(state, *state.master) : "",
                           .master_epoch = state.master_epoch,
                           .sync_set_epoch = state.sync_set_epoch,
                           .lag = lag,
                           .conditions = before.conditions,
                           .state = to_json(state)};
  for (auto id : state.sync_set) status.sync_set.push_back(pod_of(state, id));
  std::sort(status.sync_set.begin(), status.sync_set.end());
  for (const auto& record : state.elections) status.elections.push_back(entry_of(record, state));
  if (status.elections.size() > kMaxElections) {
    status.elections.erase(status.elections.begin(), status.elections.end() - kMaxElections);
  }
  const auto now = format_time(now_ms);
  const auto* last = state.elections.empty() ? nullptr : &state.elections.back();
  set_condition(status.conditions,
                {.type = std::string(kHasMaster),
                 .status = state.master ? ConditionStatus::kTrue : ConditionStatus::kFalse,
                 .reason = state.master      ? "Elected"
                           : last == nullptr ? "NotElectedYet"
                                             : "NoCandidate",
                 .message = last == nullptr ? "" : last->reason},
                now);
  const bool unclean = last != nullptr && !last->may_be_lost.empty();
  set_condition(status.conditions,
                {.type = std::string(kUncleanElection),
                 .status = unclean ? ConditionStatus::kTrue : ConditionStatus::kFalse,
                 .reason = unclean ? "MessagesMayBeLost" : "AsExpected",
                 .message = unclean ? last->may_be_lost : ""},
                now);
  return status;
}

Result<GroupState> state_of(const nlohmann::json& object) {
  const auto name = kube::text_at(object, {"metadata", "name"});
  const auto* state = kube::find_at(object, {"status", "state"});
  if (state == nullptr || !state->is_object() || state->empty()) {
    return fail(ErrorKind::kNotFound, "BrokerGroup " + name + " has no state");
  }
  if (kube::text_at(object, {"status", "uid"}) != kube::text_at(object, {"metadata", "uid"})) {
    return fail(ErrorKind::kNotFound, "BrokerGroup " + name + " holds the state of another object");
  }
  auto read = election::group_state_from_json(*state);
  if (!read) return fail(ErrorKind::kCorrupt, "BrokerGroup " + name + ": " + read.error().message);
  return read;
}

GroupView view_of(const controller::GroupStatus& group) {
  GroupView view;
  if (!group.state) return view;
  const auto& state = *group.state;
  if (state.master) view.master = pod_of(state, *state.master);
  view.master_epoch = state.master_epoch;
  for (const auto& replica : group.replicas) {
    view.replicas.push_back({.pod = pod_of(state, replica.id), .alive = replica.alive, .in_sync = replica.in_sync});
  }
  if (!state.elections.empty()) {
    if (!state.master) view.waiting = state.elections.back().reason;
    view.may_lose = state.elections.back().may_be_lost;
  }
  return view;
}

std::string lag_of(const controller::GroupStatus& group) {
  using controller::LagBand;
  auto worst = LagBand::kUnknown;
  for (const auto& replica : group.replicas) {
    if (replica.alive) worst = std::max(worst, controller::lag_band(replica));
  }
  switch (worst) {
    case LagBand::kNone: return "none";
    case LagBand::kUnder1MiB: return "<1MiB";
    case LagBand::kUnder64MiB: return "<64MiB";
    case LagBand::kUnder1GiB: return "<1GiB";
    case LagBand::kMore: return "more";
    case LagBand::kUnknown: break;
  }
  return {};
}

std::string sentence_of(const ElectionRecord& record, const GroupState& state) {
  const auto entry = entry_of(record, state);
  std::string text = entry.master.empty()
                         ? "no master can be elected in " + state.name
                         : entry.master + " is master of " + state.name + " with epoch " + std::to_string(entry.epoch);
  text += ": " + entry.reason + "; candidates: " + (entry.candidates.empty() ? "none" : entry.candidates);
  if (entry.unclean) text += "; may be lost: " + entry.may_lose;
  return text;
}

}  // namespace rmq::operator_
