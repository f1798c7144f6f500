// Bounds, overflow, hostile requests, and random schedules against what must always hold.
#include "operator/election/group_controller.h"

#include <doctest/doctest.h>

#include <limits>
#include <map>
#include <random>

#include "common/protocol/codes.h"

namespace rmq::election {
namespace {

using Code = protocol::ResponseCode;

template <class T>
std::size_t count(const Actions& actions) {
  std::size_t n = 0;
  for (const auto& action : actions) n += std::holds_alternative<T>(action) ? 1 : 0;
  return n;
}

const Answer& only_answer(const Actions& actions) {
  REQUIRE(count<Answer>(actions) == 1);
  for (const auto& action : actions) {
    if (const auto* found = std::get_if<Answer>(&action)) return *found;
  }
  throw std::logic_error("unreachable");
}

GroupState one_master() {
  GroupState state;
  state.replicas[1] = {"a1", "x", "", true, false};
  state.replicas[2] = {"a2", "y", "", true, false};
  state.max_id = 2;
  state.master = 1;
  state.master_epoch = 1;
  state.sync_set = {1, 2};
  state.sync_set_epoch = 1;
  return state;
}

TEST_CASE("requests that wait for a write are bounded") {
  GroupController controller({}, "c", "b", one_master(), 0);
  const Now now{1, 1};
  CHECK(count<Write>(controller.on_request(now, 1, 1, ApplyIdRequest{3, "z"})) == 1);
  for (RequestId id = 2; id < 2 + kMaxPending; ++id) {
    CHECK(controller.on_request(now, id, 1, UpdateAddressRequest{1, "b1"}).empty());
  }
  CHECK(only_answer(controller.on_request(now, 1000, 1, UpdateAddressRequest{1, "b1"})).code == Code::kSystemBusy);
  // Reading goes on meanwhile.
  CHECK(only_answer(controller.on_request(now, 1001, 1, ReplicaInfoRequest{})).code == 0);
  auto actions = controller.on_written(now, WriteResult::kOk);  // the first, and the second's write begins
  CHECK(count<Answer>(actions) == 1);
  actions = controller.on_written(now, WriteResult::kOk);  // now all others change nothing
  CHECK(count<Answer>(actions) == kMaxPending);
}

TEST_CASE("epochs do not overflow an int32") {
  auto state = one_master();
  state.master_epoch = std::numeric_limits<std::int32_t>::max();
  Policy policy;
  policy.heartbeat_timeout_ms = 1000;
  GroupController controller(policy, "c", "b", state, 0);
  HeartbeatRequest beat;
  beat.id = 2;
  beat.ours = true;
  auto actions = controller.on_request({1500, 1500}, 1, 1, beat);
  CHECK(count<Write>(actions) == 0);
  CHECK(count<AskPosition>(actions) == 0);
  REQUIRE(count<ElectionEvent>(actions) == 1);
  // Said again only after a while.
  CHECK(count<ElectionEvent>(controller.on_tick({1600, 1600})) == 0);

  state = one_master();
  state.sync_set_epoch = std::numeric_limits<std::int32_t>::max();
  GroupController full(policy, "c", "b", state, 0);
  CHECK(only_answer(full.on_request({1, 1}, 1, 1, AlterSyncSetRequest{1, 1, {1}, state.sync_set_epoch})).code ==
        Code::kControllerAlterSyncStateSetFailed);
  // A junk epoch in a heartbeat or an answer does not push the group there.
  GroupController sane(policy, "c", "b", one_master(), 0);
  beat.epoch = std::numeric_limits<std::int32_t>::max();
  beat.promised_epoch = std::numeric_limits<std::int32_t>::max();
  CHECK(count<AskPosition>(sane.on_request({1, 1}, 1, 1, beat)) == 0);
}

TEST_CASE("ids grow to the bound and no further") {
  auto state = one_master();
  state.max_id = kMaxReplicaId;
  GroupController controller({}, "c", "b", state, 0);
  const auto next = only_answer(controller.on_request({1, 1}, 1, 1, NextIdRequest{})).next_id;
  CHECK(next == kMaxReplicaId + 1);
  CHECK(only_answer(controller.on_request({1, 1}, 2, 1, ApplyIdRequest{*next, "c"})).code ==
        Code::kControllerBrokerIdInvalid);
  CHECK(group_state_from_text(to_text(*controller.state())).has_value());
  for (std::size_t i = state.replicas.size(); i < kMaxReplicas; ++i)
    state.replicas[static_cast<ReplicaId>(10 + i)] = {};
  GroupController crowded({}, "c", "b", state, 0);
  CHECK(only_answer(crowded.on_request({1, 1}, 1, 1, ApplyIdRequest{3, "c"})).code == Code::kControllerBrokerIdInvalid);
}

TEST_CASE("hostile requests get an answer and change nothing") {
  const auto long_text = std::string(kMaxStateText + 1, 'x');
  const std::vector<Request> requests = {ApplyIdRequest{-1, "c"},
                                         ApplyIdRequest{std::numeric_limits<ReplicaId>::min(), "c"},
                                         ApplyIdRequest{3, long_text},
                                         ApplyIdRequest{3, ""},
                                         RegisterRequest{9, "a", true, ""},
                                         RegisterRequest{1, long_text, true, ""},
                                         RegisterRequest{1, "a1", true, long_text},
                                         RegisterRequest{-3, "a", true, ""},
                                         AlterSyncSetRequest{1, 1, {1, -7}, 1},
                                         AlterSyncSetRequest{1, 1, {}, 1},
                                         ElectMasterRequest{-9, true, true},
                                         ElectMasterRequest{9, true, false},
                                         CleanRequest{{-1, 77}, false},
                                         UpdateAddressRequest{5, "x"}};
  for (std::size_t i = 0; i < requests.size(); ++i) {
    CAPTURE(i);
    GroupController controller({}, "c", "b", one_master(), 0);
    const auto actions = controller.on_request({1, 1}, 1, 1, requests[i]);
    CHECK(count<Answer>(actions) == 1);
    CHECK(count<Write>(actions) == 0);
    CHECK(controller.state() == one_master());
  }
  GroupController controller({}, "c", "b", one_master(), 0);
  for (ReplicaId id = 100; id < 1100; ++id) {
    HeartbeatRequest beat;
    beat.id = id;
    CHECK(count<Answer>(controller.on_request({1, 1}, 1, 1, beat)) == 1);
  }
  CHECK(controller.status({1, 1}).size() == 2);
  CHECK(controller.on_position({1, 1}, 12345, Position{1, 1, true}).empty());
  CHECK(controller.on_written({1, 1}, WriteResult::kOk).empty());
}

TEST_CASE("status: liveness, ends and lag as of the heartbeats") {
  GroupController controller({}, "c", "b", one_master(), 0);
  HeartbeatRequest beat;
  beat.id = 1;
  beat.epoch = 1;
  beat.end = 500;
  controller.on_request({100, 100}, 1, 1, beat);
  beat.id = 2;
  beat.end = 450;
  controller.on_request({200, 200}, 2, 2, beat);
  const auto status = controller.status({300, 300});
  REQUIRE(status.size() == 2);
  CHECK(status[0].master);
  CHECK(status[0].alive);
  CHECK(status[0].heartbeat_age_ms == 200);
  CHECK(status[1].lag == 50);
  CHECK_FALSE(GroupController({}, "c", "b", one_master(), 0).status({300, 300})[0].heartbeat_age_ms.has_value());
}

// The original sends its first heartbeat when it asks to be elected, before it listens, and says epoch -1 in it.
TEST_CASE("a stock broker without epochs is heard, and its heartbeat is its position") {
  Policy policy;
  policy.expected_replicas = 2;
  policy.heartbeat_timeout_ms = 3000;
  auto state = one_master();
  state.master.reset();
  state.master_epoch = state.sync_set_epoch = 0;
  state.sync_set.clear();
  state.replicas[2].ours = false;
  GroupController controller(policy, "c", "b", state, 0);
  HeartbeatRequest ours{.id = 1, .address = "a1", .ours = true};
  HeartbeatRequest stock{.id = 2, .address = "a2", .epoch = -1};
  controller.on_request({1000, 1000}, 1, 1, ours);
  std::size_t writes = 0;
  auto actions = controller.on_request({1000, 1000}, 2, 2, stock);
  for (std::int64_t ms = 1000; ms < 3000 && writes == 0; ms += 500) {
    for (const auto& action : std::exchange(actions, {})) {
      const auto* ask = std::get_if<AskPosition>(&action);
      if (ask == nullptr) continue;
      const auto position = ask->id == 1 ? std::optional(Position{0, 0, true}) : std::nullopt;
      writes += count<Write>(controller.on_position({ms, ms}, ask->ask, position));
    }
    controller.on_request({ms, ms}, static_cast<RequestId>(ms), 1, ours);
    actions = controller.on_tick({ms + 500, ms + 500});
    writes += count<Write>(actions);
  }
  CHECK(writes == 1);
}

// Two Controllers believe in turn that they lead, over one object with compare-and-swap; brokers say anything.
class Chaos {
 public:
  explicit Chaos(std::uint32_t seed) : random_(seed) {
    policy_.mode = static_cast<Mode>(seed % 3);
    policy_.expected_replicas = 3;
    policy_.write_quorum = 2;
    policy_.unclean_allowed = seed % 5 == 0;
    policy_.known_new = seed % 2 == 0;
    policy_.heartbeat_timeout_ms = 1000;
    policy_.lease_ms = 500;
    for (int i = 0; i < 2; ++i) sides_.emplace_back(new Side{GroupController(policy_, "c", "b", std::nullopt, 0)});
  }

  void run() {
    for (int step = 0; step < 600; ++step) {
      ms_ += static_cast<std::int64_t>(random_() % 150);
      auto& side = *sides_[random_() % 2];
      act(side);
      CHECK(side.controller.next_wakeup_ms(now()) > ms_);
    }
    // Everything settles: each request was answered exactly once.
    for (int step = 0; step < 100; ++step) {
      ms_ += 100;
      for (auto& side : sides_) {
        finish_write(*side, 0);
        take(*side, side->controller.on_tick(now()));
      }
    }
    for (auto& side : sides_) {
      for (const auto& [id, answers] : side->answers) CHECK(answers == 1);
    }
  }

 private:
  struct Side {
    GroupController controller;
    std::uint64_t version = 0;
    std::optional<Write> write;
    std::map<RequestId, int> answers;
    std::vector<AskPosition> asks;
  };

  Now now() const { return {ms_, ms_}; }
  ReplicaId some_id() { return static_cast<ReplicaId>(random_() % 5); }

  void act(Side& side) {
    const auto id = some_id();
    switch (random_() % 9) {
      case 0: return finish_write(side, random_() % 8);
      case 1: return take(side, side.controller.on_connection_closed(now(), id, static_cast<Connection>(id)));
      case 2: return take(side, side.controller.on_process_dead(now(), id, "x"));
      case 3:
      case 4: {
        if (side.asks.empty()) return take(side, side.controller.on_tick(now()));
        const auto ask = side.asks[random_() % side.asks.size()];
        std::optional<Position> position;
        if (random_() % 4 != 0)
          position = Position{static_cast<std::int32_t>(random_() % 4), static_cast<std::int64_t>(random_() % 999),
                              random_() % 4 != 0};
        return take(side, side.controller.on_position(now(), ask.ask, position));
      }
      default: {
        side.answers[++request_] = 0;
        return take(side, side.controller.on_request(now(), request_, static_cast<Connection>(id), request(side, id)));
      }
    }
  }

  Request request(const Side& side, ReplicaId id) {
    const auto& state = side.controller.state();
    switch (random_() % 9) {
      case 0: return ApplyIdRequest{state ? state->max_id + 1 : 1, "c" + std::to_string(random_() % 3)};
      case 1: return RegisterRequest{id, "a", random_() % 4 != 0, std::to_string(random_() % 3)};
      case 2: {
        if (!state) return NextIdRequest{};
        auto members = state->sync_set;
        if (!members.erase(id)) members.insert(id);
        return AlterSyncSetRequest{state->master.value_or(0), state->master_epoch, members, state->sync_set_epoch};
      }
      case 3: return ElectMasterRequest{id, random_() % 2 == 0, random_() % 4 == 0};
      case 4:
        return random_() % 20 == 0 ? Request(CleanRequest{{id}, random_() % 2 == 0}) : Request(SyncStateRequest{});
      default: {
        HeartbeatRequest beat;
        beat.id = id;
        beat.ours = true;
        beat.epoch = state ? state->master_epoch : 0;
        if (random_() % 50 == 0) beat.promised_epoch = beat.epoch + 1;
        return beat;
      }
    }
  }

  void take(Side& side, Actions actions) {
    for (auto& action : actions) {
      if (auto* answer = std::get_if<Answer>(&action)) {
        CHECK(++side.answers[answer->request] == 1);
        if (answer->lease_ms && !answer->sync_set) CHECK(!side.controller.electing());
      } else if (auto* write = std::get_if<Write>(&action)) {
        CHECK_FALSE(side.write.has_value());  // never two at a time
        side.write = std::move(*write);
      } else if (auto* ask = std::get_if<AskPosition>(&action)) {
        side.asks.push_back(*ask);
        if (side.asks.size() > 8) side.asks.erase(side.asks.begin());
      }
    }
  }

  void finish_write(Side& side, std::uint64_t fate) {
    if (!side.write) return;
    const auto write = *std::exchange(side.write, std::nullopt);
    if (side.version != version_) {
      side.version = version_;
      return take(side, side.controller.on_written(now(), WriteResult::kConflict, stored_));
    }
    const bool lands = fate != 1;
    if (lands) {
      check_step(write);
      stored_ = write.erase ? std::nullopt : std::optional(write.state);
      ++version_;
    }
    // Fates 1 and 2: nobody knows whether it was written.
    if (fate == 1 || fate == 2) return take(side, side.controller.on_written(now(), WriteResult::kError));
    side.version = version_;
    take(side, side.controller.on_written(now(), WriteResult::kOk));
  }

  void check_step(const Write& write) {
    if (write.erase || !stored_) return;
    const auto& next = write.state;
    CHECK(next.master_epoch >= stored_->master_epoch);
    CHECK(next.sync_set_epoch >= stored_->sync_set_epoch);
    CHECK(next.max_id >= stored_->max_id);
    // A master is made only with a new epoch, and one epoch has one master.
    if (next.master && next.master != stored_->master) CHECK(next.master_epoch > stored_->master_epoch);
    if (next.master) CHECK(next.sync_set.contains(*next.master));
    if (policy_.mode == Mode::kQuorum) CHECK(next.sync_set.size() <= 3);
    CHECK(group_state_from_text(to_text(next)).value() == next);
  }

  std::mt19937 random_;
  Policy policy_;
  std::int64_t ms_ = 0;
  RequestId request_ = 0;
  std::optional<GroupState> stored_;
  std::uint64_t version_ = 0;
  std::vector<std::unique_ptr<Side>> sides_;
};

TEST_CASE("random schedules: one answer a request, one write at a time, epochs only grow") {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    CAPTURE(seed);
    Chaos(seed).run();
  }
}

}  // namespace
}  // namespace rmq::election
