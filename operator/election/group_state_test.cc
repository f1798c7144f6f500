#include "operator/election/group_state.h"

#include <doctest/doctest.h>

#include <limits>
#include <nlohmann/json.hpp>

namespace rmq::election {
namespace {

GroupState sample() {
  GroupState state;
  state.cluster = "c";
  state.name = "broker-a";
  state.replicas[1] = {"a1:10911", "a1:10911;17", "boot-1", true, false};
  state.replicas[3] = {"a3:10911", {}, {}, false, true};
  state.max_id = 4;
  state.master = 1;
  state.previous_master = 3;
  state.master_epoch = std::numeric_limits<std::int32_t>::max();
  state.sync_set = {1, 3};
  state.sync_set_epoch = 9;
  state.add_record({1'800'000'000'000, 7, {{1, 6, 100, true}, {3, std::nullopt, std::nullopt, false}}, 1, "why", "x"});
  state.add_record({1'800'000'000'001, 7, {}, std::nullopt, "nobody", {}});
  return state;
}

TEST_CASE("a state survives JSON") {
  const auto state = sample();
  const auto again = group_state_from_text(to_text(state));
  REQUIRE_MESSAGE(again.has_value(), again.error().message);
  CHECK(*again == state);
  CHECK(to_json(state).at("masterAddress") == "a1:10911");
  CHECK(group_state_from_text("{}").value() == GroupState{});
}

TEST_CASE("unknown members are tolerated, nulls are absent") {
  auto document = to_json(sample());
  document["later"] = {{"a", 1}};
  document["replicas"][0]["zone"] = "z";
  document["previousMaster"] = nullptr;
  auto expected = sample();
  expected.previous_master.reset();
  CHECK(group_state_from_json(document).value() == expected);
}

TEST_CASE("the journal of elections is bounded, and its texts are") {
  auto state = sample();
  for (int i = 0; i < 100; ++i) state.add_record({i, i, {}, 1, std::string(10'000, 'r'), std::string(10'000, 'l')});
  CHECK(state.elections.size() == kMaxElectionRecords);
  CHECK(state.elections.back().time_ms == 99);
  CHECK(group_state_from_text(to_text(state)).value() == state);
}

TEST_CASE("hostile states are refused") {
  using nlohmann::json;
  const auto with = [](const char* path, json value) {
    auto document = to_json(sample());
    document[json::json_pointer(path)] = std::move(value);
    return group_state_from_json(document).has_value();
  };
  CHECK(with("/maxId", 7));
  CHECK_FALSE(with("/maxId", -1));
  CHECK_FALSE(with("/maxId", kMaxReplicaId + 1));
  CHECK_FALSE(with("/master", 2));
  CHECK_FALSE(with("/master", "1"));
  CHECK_FALSE(with("/masterEpoch", 2147483648LL));
  CHECK_FALSE(with("/masterEpoch", 18446744073709551615ULL));
  CHECK_FALSE(with("/masterEpoch", 1.5));
  CHECK_FALSE(with("/syncSet", json::array({1, 2})));
  CHECK_FALSE(with("/syncSet", json::object()));
  CHECK_FALSE(with("/replicas/0/id", 3));  // twice
  CHECK_FALSE(with("/replicas/0/id", 0));
  CHECK_FALSE(with("/replicas/0", 5));
  CHECK_FALSE(with("/replicas/0/address", std::string(kMaxStateText + 1, 'a')));
  CHECK_FALSE(with("/replicas/0/ours", 1));
  CHECK_FALSE(with("/elections/0/candidates/0/end", -1));
  CHECK_FALSE(with("/elections/0", "x"));
  auto many = to_json(sample());
  for (std::size_t i = 10; i < 10 + kMaxReplicas; ++i) many["replicas"].push_back({{"id", i}});
  CHECK_FALSE(group_state_from_json(many).has_value());
  for (const char* text : {"", "[]", "null", "7", "{\"replicas\":[[[[[[[[[[]]]]]]]]]]}"}) {
    CAPTURE(text);
    CHECK_FALSE(group_state_from_text(text).has_value());
  }
}

}  // namespace
}  // namespace rmq::election
