// A group's state as people and reconciles see it. Pure.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "operator/api/broker_group.h"
#include "operator/controller/controller_server.h"
#include "operator/election/group_state.h"
#include "operator/reconcile/cluster/controllers.h"

namespace rmq::operator_ {

// The pod behind a replica's address, or the address (or id) itself where it is no pod of the group's.
std::string pod_of(const election::GroupState& state, election::ReplicaId id);

// The status of the group's object for a new `state`: what `before` had of conditions keeps its transition times.
// `now_ms`: wall clock.
BrokerGroupStatus status_of(const election::GroupState& state, const std::string& uid, const std::string& lag,
                            const BrokerGroupStatus& before, std::int64_t now_ms);

// What the object holds; kNotFound if it has no state, or one that was written into another object (a copy from a
// backup); kCorrupt if it can't be read.
Result<election::GroupState> state_of(const nlohmann::json& object);

GroupView view_of(const controller::GroupStatus& group);

// The band of the living replica that is furthest behind: "none", "<1MiB", "<64MiB", "<1GiB", "more", or "" if unknown.
std::string lag_of(const controller::GroupStatus& group);

// One election in a sentence, for an event.
std::string sentence_of(const election::ElectionRecord& record, const election::GroupState& state);

}  // namespace rmq::operator_
