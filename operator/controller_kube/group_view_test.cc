#include "operator/controller_kube/group_view.h"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

namespace rmq::operator_ {
namespace {

using election::GroupState;
using nlohmann::json;

GroupState three_replicas() {
  GroupState state;
  state.cluster = "a";
  state.name = "a-broker-0";
  for (int id = 1; id <= 3; ++id) {
    state.replicas[id].address = "a-broker-0-" + std::to_string(id - 1) + ".n.svc:10911";
  }
  state.max_id = 3;
  state.master = 2;
  state.master_epoch = 4;
  state.sync_set = {1, 2};
  state.sync_set_epoch = 9;
  return state;
}

election::ElectionRecord record() {
  return {.time_ms = 1'767'225'600'000,
          .epoch = 4,
          .candidates = {{.id = 1, .last_epoch = 3, .end = 100, .alive = true}, {.id = 2, .alive = false}},
          .chosen = 1,
          .reason = "master dead"};
}

const Condition* find(const BrokerGroupStatus& status, std::string_view type) {
  return find_condition(status.conditions, type);
}

}  // namespace

TEST_CASE("a state becomes a status with pods' names") {
  auto state = three_replicas();
  state.add_record(record());
  auto status = status_of(state, "uid", "none", {}, 1'767'225'600'000);
  CHECK(status.uid == "uid");
  CHECK(status.master == "a-broker-0-1");
  CHECK(status.master_epoch == 4);
  CHECK(status.sync_set == std::vector<std::string>{"a-broker-0-0", "a-broker-0-1"});
  CHECK(status.lag == "none");
  REQUIRE(status.elections.size() == 1);
  CHECK(status.elections[0].time == "2026-01-01T00:00:00Z");
  CHECK(status.elections[0].master == "a-broker-0-0");
  CHECK(status.elections[0].candidates == "a-broker-0-0 (epoch 3, end 100), a-broker-0-1 (dead)");
  CHECK_FALSE(status.elections[0].unclean);
  CHECK(find(status, kHasMaster)->status == ConditionStatus::kTrue);
  CHECK(find(status, kUncleanElection)->status == ConditionStatus::kFalse);
}

TEST_CASE("no master, and what may be lost, are conditions that keep their times") {
  auto state = three_replicas();
  state.master.reset();
  auto one = record();
  one.may_be_lost = "what 2 had beyond 100";
  state.add_record(one);
  auto status = status_of(state, "uid", "", {}, 1'767'225'600'000);
  CHECK(status.master.empty());
  CHECK(find(status, kHasMaster)->status == ConditionStatus::kFalse);
  CHECK(find(status, kUncleanElection)->message == "what 2 had beyond 100");
  auto later = status_of(state, "uid", "", status, 1'767'225'700'000);
  CHECK(find(later, kHasMaster)->last_transition_time == "2026-01-01T00:00:00Z");
  CHECK(sentence_of(one, state) ==
        "a-broker-0-0 is master of a-broker-0 with epoch 4: master dead; candidates: a-broker-0-0 (epoch 3, end 100), "
        "a-broker-0-1 (dead); may be lost: what 2 had beyond 100");
}

TEST_CASE("a state reads back, and only from the object that it was written into") {
  const auto state = three_replicas();
  json object{{"metadata", {{"name", "a-broker-0"}, {"uid", "u"}}},
              {"status", to_json(status_of(state, "u", "", {}, 0))}};
  auto read = state_of(object);
  REQUIRE(read);
  CHECK(*read == state);
  object["metadata"]["uid"] = "restored";
  CHECK(state_of(object).error().kind == ErrorKind::kNotFound);
  object["metadata"]["uid"] = "u";
  object["status"]["state"]["masterEpoch"] = "four";
  CHECK(state_of(object).error().kind == ErrorKind::kCorrupt);  // there, and not to be taken for nothing
  object.erase("status");
  CHECK(state_of(object).error().kind == ErrorKind::kNotFound);
}

TEST_CASE("the lag shown is that of the living replica furthest behind") {
  controller::GroupStatus group;
  group.state = std::make_shared<const GroupState>(three_replicas());
  CHECK(lag_of(group).empty());
  group.replicas = {{.id = 1, .alive = true, .in_sync = true, .heartbeat_age_ms = 1, .lag = 0},
                    {.id = 2, .alive = true, .in_sync = true, .master = true, .heartbeat_age_ms = 1, .lag = 0}};
  CHECK(lag_of(group) == "none");
  group.replicas[0].lag = 1;
  CHECK(lag_of(group) == "<1MiB");
  group.replicas[0].lag = 2 << 20;
  CHECK(lag_of(group) == "<64MiB");
  group.replicas[0].lag = std::int64_t{3} << 30;
  CHECK(lag_of(group) == "more");
  group.replicas[0].alive = false;
  CHECK(lag_of(group) == "none");
  auto view = view_of(group);
  CHECK(view.master == "a-broker-0-1");
  CHECK_FALSE(view.in_sync("a-broker-0-0"));
  CHECK(view.in_sync("a-broker-0-1"));
}

}  // namespace rmq::operator_
