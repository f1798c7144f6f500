// Mistakes of the original (apache/rocketmq) that touch elections: the rules are immune, and with the seam of
// `rocketmq-sim --bug` the mistake is back.
#include <doctest/doctest.h>

#include <limits>

#include "common/protocol/codes.h"
#include "operator/election/group_controller.h"

namespace rmq::election {
namespace {

using Code = protocol::ResponseCode;

template <class T>
const T* first(const Actions& actions) {
  for (const auto& action : actions) {
    if (const auto* found = std::get_if<T>(&action)) return found;
  }
  return nullptr;
}

// Three replicas of ours, 1 is master of epoch 1, all in the set.
GroupState three() {
  GroupState state;
  state.cluster = "c";
  state.name = "b";
  for (ReplicaId id = 1; id <= 3; ++id) state.replicas[id] = {"a" + std::to_string(id), "x", "", true, false};
  state.max_id = 3;
  state.master = 1;
  state.master_epoch = 1;
  state.sync_set = {1, 2, 3};
  state.sync_set_epoch = 3;
  return state;
}

HeartbeatRequest beat(ReplicaId id, std::int32_t epoch = 1) {
  HeartbeatRequest r;
  r.id = id;
  r.address = "a" + std::to_string(id);
  r.epoch = epoch;
  r.ours = true;
  return r;
}

Policy policy(Mode mode) {
  Policy p;
  p.mode = mode;
  p.expected_replicas = 3;
  p.write_quorum = 2;
  p.lease_ms = 3000;
  p.heartbeat_timeout_ms = 1000;
  return p;
}

// The master speaks last at 0 and is cut off; the others answer at once. When is the election written?
std::int64_t elected_at(Policy p) {
  GroupController controller(p, "c", "b", three(), -10'000);
  controller.on_request({0, 0}, 1, 1, beat(1));
  for (std::int64_t ms = 0; ms < 20'000; ms += 100) {
    Actions all;
    const auto take = [&](Actions actions) { all.insert(all.end(), actions.begin(), actions.end()); };
    for (ReplicaId id = 2; id <= 3; ++id)
      take(controller.on_request({ms, ms}, 2, static_cast<Connection>(id), beat(id)));
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (const auto* ask = std::get_if<AskPosition>(&all[i])) {
        take(controller.on_position({ms, ms}, ask->ask, Position{1, 100, ask->fence_epoch.has_value()}));
      }
    }
    if (first<Write>(all) != nullptr) return ms;
  }
  return -1;
}

TEST_CASE("apache/rocketmq 7017: no second master while the first may acknowledge") {
  // Asynchronous: the lease given at 0, and echoes of the others until their fence, are waited for.
  CHECK(elected_at(policy(Mode::kAsync)) >= 1000 + 3000);
  // Synchronous and quorum: their fence ends it at once.
  CHECK(elected_at(policy(Mode::kSync)) < 1500);
  CHECK(elected_at(policy(Mode::kQuorum)) < 1500);
  auto bug = policy(Mode::kAsync);
  bug.mistakes.issue_7017 = true;
  CHECK(elected_at(bug) < 1500);
}

TEST_CASE("apache/rocketmq 10578: ends more than 2 GiB apart do not elect the stale one") {
  const Standing stale{1, 4, 0, 0, false};
  const Standing full{2, 4, std::int64_t{std::numeric_limits<std::int32_t>::max()} + 2, 0, false};
  CHECK(before(full, stale, {}));
  CHECK_FALSE(before(stale, full, {}));
  CHECK(before(stale, full, {.issue_10578 = true}));
  // Extremes do not overflow.
  const Standing most{3, std::numeric_limits<std::int32_t>::max(), std::numeric_limits<std::int64_t>::max(), 0, false};
  CHECK(before(most, stale, {}));
  CHECK(before(Standing{1, 5, 0, 9, false}, full, {}));
}

TEST_CASE("apache/rocketmq 5663: a grown set is in force before anybody hears of it, and only once it is written") {
  auto state = three();
  state.sync_set = {1, 2};
  auto p = policy(Mode::kSync);
  GroupController controller(p, "c", "b", state, 0);
  for (ReplicaId id = 1; id <= 3; ++id) controller.on_request({10, 10}, 1, static_cast<Connection>(id), beat(id));
  const auto asked = controller.on_request({10, 10}, 7, 1, AlterSyncSetRequest{1, 1, {1, 2, 3}, 3});
  REQUIRE(first<Write>(asked) != nullptr);
  CHECK(first<Answer>(asked) == nullptr);
  // Written, but unknown to this Controller: what is stored is what counts, not what was answered.
  // No answer at all: one of failure would make the master forget a member that counts.
  CHECK(controller.on_written({20, 20}, WriteResult::kError).empty());
  auto actual = state;
  actual.sync_set = {1, 2, 3};
  actual.sync_set_epoch = 4;
  const auto touch = controller.on_tick({300, 300});
  REQUIRE(first<Write>(touch) != nullptr);
  const auto known = controller.on_written({310, 310}, WriteResult::kConflict, actual);
  REQUIRE(first<Answer>(known) != nullptr);
  CHECK(first<Answer>(known)->code == Code::kSuccess);
  CHECK(first<Answer>(known)->sync_set == protocol::SyncStateSet{{1, 2, 3}, 4});
  // Asked once more, for that answer was lost, too.
  CHECK(first<Answer>(controller.on_request({320, 320}, 8, 1, AlterSyncSetRequest{1, 1, {1, 2, 3}, 3}))->code == 0);
  CHECK(controller.state()->sync_set == std::set<ReplicaId>{1, 2, 3});
}

TEST_CASE("apache/rocketmq 6662: a deposed master changes no set") {
  GroupController controller(policy(Mode::kSync), "c", "b", three(), 0);
  for (ReplicaId id = 1; id <= 3; ++id) controller.on_request({10, 10}, 1, static_cast<Connection>(id), beat(id));
  auto elected = three();
  elected.master = 2;
  elected.master_epoch = 2;
  elected.sync_set_epoch = 4;
  // This Controller does not know yet that another elected 2: the compare-and-swap tells, the rules run again.
  controller.on_request({20, 20}, 8, 1, AlterSyncSetRequest{1, 1, {1, 3}, 3});
  const auto after = controller.on_written({30, 30}, WriteResult::kConflict, elected);
  REQUIRE(first<Answer>(after) != nullptr);
  CHECK(first<Answer>(after)->code == Code::kControllerInvalidMaster);
  CHECK(controller.state() == elected);
}

}  // namespace
}  // namespace rmq::election
