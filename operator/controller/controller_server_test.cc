#include "operator/controller/controller_server.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <thread>

#include "operator/controller/memory_store.h"
#include "operator/controller/test_broker.h"

using namespace rmq;
using namespace rmq::controller;
using protocol::RequestCode;
using protocol::ResponseCode;

namespace {

std::string ext(const protocol::Command& command, std::string_view key) {
  return std::string(command.view().ext(key));
}

struct Fixture {
  SystemClock clock;
  remoting::IoPool pool{2};
  MemoryStore store;
  std::atomic<bool> may_lead{true};
  std::atomic<int> elections{0};
  std::atomic<int> changes{0};
  ControllerServer server{pool, clock, store, options(), callbacks()};

  explicit Fixture(bool lead = true) {
    REQUIRE(server.start());
    if (!lead) return;
    server.lead();
    server.statuses();  // behind it in the queue; the store answers at once
    server.statuses();
    REQUIRE(server.leading());
  }
  ~Fixture() { server.stop(); }

  static ControllerOptions options() {
    ControllerOptions result;
    result.cluster = "c";
    result.bind_host = "127.0.0.1";
    return result;
  }
  ControllerCallbacks callbacks() {
    ControllerCallbacks result;
    result.policy_of = [](const std::string& group) -> Result<election::Policy> {
      if (group == "foreign") return fail(ErrorKind::kNotFound, "no group of ours");
      election::Policy policy;
      policy.mode = election::Mode::kSync;
      policy.expected_replicas = 2;
      policy.known_new = true;
      policy.lease_ms = 200;
      policy.heartbeat_timeout_ms = 30'000;
      policy.retry_ms = 20;
      return policy;
    };
    result.may_lead = [this] { return may_lead.load(); };
    result.status_changed = [this](const GroupStatus&) { ++changes; };
    result.elected = [this](const std::string&, const election::ElectionRecord&) { ++elections; };
    result.config_shown = [] { return Properties{{"leaseMs", "200"}}; };
    result.config_update = [](const Properties& changed, const std::string&) -> Status {
      if (changed.contains("path")) return fail(ErrorKind::kDenied, "not this one");
      return {};
    };
    return result;
  }
  std::unique_ptr<TestBroker> broker(std::int64_t id, const std::string& group = "a") {
    return std::make_unique<TestBroker>(pool, server.port(), group, id);
  }
  // Both joined, 1 is master, both in the sync set.
  std::pair<std::unique_ptr<TestBroker>, std::unique_ptr<TestBroker>> pair() {
    auto one = broker(1);
    one->join();
    REQUIRE(one->elect().code <= ResponseCode::kControllerMasterStillExist);
    auto two = broker(2);
    two->join();
    const auto state = store.get("a");
    REQUIRE(state->master == 1);
    REQUIRE(one->alter(state->master_epoch, {{1, 2}, state->sync_set_epoch}).code == ResponseCode::kSuccess);
    return {std::move(one), std::move(two)};
  }
};

}  // namespace

TEST_CASE("controller: who does not lead says so, and where the leader is") {
  Fixture f(false);
  auto broker = f.broker(1);
  CHECK(broker->next_id().code == ResponseCode::kControllerNotLeader);
  CHECK(broker->heartbeat().code == ResponseCode::kControllerNotLeader);
  f.server.follow("other:9878", "n7");
  auto answer = broker->call(RequestCode::kControllerGetMetadataInfo, protocol::GetBrokerEpochCacheRequest{});
  CHECK(ext(answer, "controllerLeaderAddress") == "other:9878");
  CHECK(ext(answer, "controllerLeaderId") == "n7");
  CHECK(ext(answer, "isLeader") == "false");

  f.server.lead();
  f.server.statuses();
  answer = broker->call(RequestCode::kControllerGetMetadataInfo, protocol::GetBrokerEpochCacheRequest{});
  CHECK(ext(answer, "controllerLeaderAddress") == "127.0.0.1:" + std::to_string(f.server.port()));
}

TEST_CASE("controller: a group from nothing to two in its sync set") {
  Fixture f;
  auto [one, two] = f.pair();
  const auto info = one->replica_info();
  CHECK(ext(info, "masterBrokerId") == "1");
  CHECK(ext(info, "masterAddress") == one->address());
  CHECK(protocol::parse_body<protocol::SyncStateSet>(info.body)->members == std::set<std::int64_t>{1, 2});
  one->set_end(1, 0);
  CHECK(ext(one->heartbeat(), "leaseMs") == "200");
  CHECK(ext(two->heartbeat(), "leaseMs").empty());  // no master

  protocol::Command ask;
  ask.code = RequestCode::kControllerGetSyncStateData;
  ask.body = R"(["a","nobody","foreign"])";
  auto table = protocol::parse_body<protocol::BrokerReplicasInfo>(one->call(ask).body);
  REQUIRE(table);
  REQUIRE(table->replicas_info_table.size() == 1);
  CHECK(table->replicas_info_table["a"].in_sync_replicas.size() == 2);

  const auto statuses = f.server.statuses();
  REQUIRE(statuses.size() == 1);  // "nobody" left no trace
  CHECK(statuses[0].replicas.size() == 2);
  CHECK(statuses[0].state->master == 1);
  CHECK(f.elections == 1);
  CHECK(f.changes > 1);
  const auto metrics = f.server.metrics();
  CHECK(metrics.leading);
  CHECK(metrics.groups == 1);
  CHECK(metrics.groups_without_master == 0);
  CHECK(metrics.heartbeats >= 3);
  CHECK(metrics.elections.size() == 1);
}

TEST_CASE("controller: a master whose process is gone is replaced long before its heartbeats are missed") {
  Fixture f;
  auto [one, two] = f.pair();
  two->set_end(1, 100);
  two->heartbeat();
  one->die();
  CHECK(two->await_notified(2) == 2);
  const auto state = f.store.get("a");
  CHECK(state->master == 2);
  CHECK(state->master_epoch == 2);
  REQUIRE_FALSE(state->elections.empty());
  CHECK(state->elections.back().chosen == 2);
}

TEST_CASE("controller: the operator's word that a process is gone counts, once its connection is closed") {
  Fixture f;
  auto [one, two] = f.pair();
  f.server.on_process_dead("a", one->address(), "its container ended");
  f.server.on_process_dead("nobody", "1", "");
  f.server.statuses();
  CHECK(f.store.get("a")->master == 1);
  one->die();
  CHECK(two->await_notified(2) == 2);
}

TEST_CASE("controller: a planned switch") {
  Fixture f;
  auto [one, two] = f.pair();
  std::promise<Status> done;
  f.server.request_switchover("a", 2, [&](Status status) { done.set_value(std::move(status)); });
  const auto status = done.get_future().get();
  CHECK_MESSAGE(status, status.error().message);
  CHECK(f.store.get("a")->master == 2);
  std::promise<Status> refused;
  f.server.request_switchover("a", 9, [&](Status s) { refused.set_value(std::move(s)); });
  CHECK_FALSE(refused.get_future().get());
}

TEST_CASE("controller: on a conflict the rules run again on what is there") {
  Fixture f;
  auto [one, two] = f.pair();
  // Somebody else made the other one master.
  auto changed = *f.store.get("a");
  const auto old = changed;
  changed.master = 2;
  changed.master_epoch += 1;
  changed.sync_set_epoch += 1;
  f.store.put(changed);
  CHECK(one->alter(old.master_epoch, {{1}, old.sync_set_epoch}).code == ResponseCode::kControllerInvalidMaster);
  CHECK(*f.store.get("a") == changed);
  CHECK(f.server.metrics().write_conflicts == 1);
  CHECK(two->alter(changed.master_epoch, {{2}, changed.sync_set_epoch}).code == ResponseCode::kSuccess);
}

TEST_CASE("controller: a write whose answer was lost is found again, not done twice") {
  Fixture f;
  auto one = f.broker(1);
  f.store.lose_next_answer();
  one->apply_id();  // whatever it says: the write was done
  CHECK(one->apply_id().code == ResponseCode::kSuccess);
  CHECK(one->register_itself().code == ResponseCode::kSuccess);
  CHECK(f.store.get("a")->max_id == 1);
  CHECK(f.server.metrics().write_errors == 1);
}

TEST_CASE("controller: who waits for a write when leadership ends is told; nothing is answered that was not written") {
  Fixture f;
  auto one = f.broker(1);
  f.store.pause();
  auto waiting = std::async(std::launch::async, [&] { return one->apply_id().code; });
  while (f.server.metrics().requests == 0) std::this_thread::yield();
  f.server.follow();
  CHECK(waiting.get() == ResponseCode::kControllerNotLeader);
  f.store.resume();
  CHECK_FALSE(f.server.leading());
}

TEST_CASE("controller: a leader that doubts its leadership grants nothing until it is sure again") {
  Fixture f;
  auto [one, two] = f.pair();
  f.may_lead = false;
  CHECK(one->heartbeat().code == ResponseCode::kControllerNotLeader);
  one->die();  // evidence that comes meanwhile waits
  f.server.statuses();
  CHECK(f.store.get("a")->master == 1);
  f.may_lead = true;
  CHECK(two->await_notified(2) == 2);
}

TEST_CASE("controller: a successor goes on with what is stored; a store that fails delays it") {
  Fixture f;
  auto [one, two] = f.pair();
  f.server.follow();
  f.store.fail_all(true);
  f.server.lead();
  f.server.statuses();
  CHECK(one->heartbeat().code == ResponseCode::kControllerNotLeader);
  f.store.fail_all(false);
  while (!f.server.leading()) std::this_thread::yield();
  CHECK(one->heartbeat().code == ResponseCode::kSuccess);
  CHECK(ext(two->replica_info(), "masterBrokerId") == "1");
}

TEST_CASE("controller: brokers of others are refused, junk is answered") {
  Fixture f;
  auto foreign = f.broker(1, "foreign");
  CHECK(foreign->next_id().code == ResponseCode::kControllerInvalidRequest);
  auto one = f.broker(1);
  protocol::Command junk;
  for (const auto code : {904, 1001, 1002, 1003, 1004, 1006, 1011, 1012, 1013}) {
    junk.code = code;
    junk.body = "{";
    CHECK(one->call(junk).code != ResponseCode::kSuccess);
  }
  junk.code = 1014;
  CHECK(one->call(junk).code == ResponseCode::kRequestCodeNotSupported);
  CHECK(f.server.statuses().empty());
}

TEST_CASE("controller: settings are shown, and changed where that is allowed") {
  Fixture f;
  auto one = f.broker(1);
  protocol::Command request;
  request.code = RequestCode::kGetControllerConfig;
  CHECK(one->call(request).body == "leaseMs=200\n");
  request.code = RequestCode::kUpdateControllerConfig;
  request.body = "leaseMs=300\n";
  CHECK(one->call(request).code == ResponseCode::kSuccess);
  request.body = "path=/etc\n";
  CHECK(one->call(request).code == ResponseCode::kNoPermission);
}

TEST_CASE("controller: dead brokers are cleaned away, and the group with the last of them") {
  Fixture f;
  auto one = f.broker(1);
  one->join();
  one->elect();  // so that no election is under way
  protocol::CleanControllerBrokerDataRequest header;
  header.cluster_name = "c";
  header.broker_name = "a";
  header.broker_controller_ids_to_clean = "1";
  CHECK(one->call(RequestCode::kCleanBrokerData, header).code == ResponseCode::kControllerInvalidCleanBrokerMetadata);
  header.broker_controller_ids_to_clean = "x";
  CHECK(one->call(RequestCode::kCleanBrokerData, header).code != ResponseCode::kSuccess);
  header.broker_controller_ids_to_clean = {};
  header.clean_living_broker = true;
  CHECK(one->call(RequestCode::kCleanBrokerData, header).code == ResponseCode::kSuccess);
  CHECK(f.store.get("a") == nullptr);
}

TEST_CASE("controller: lag bands") {
  election::ReplicaStatus replica;
  replica.lag = 5;
  CHECK(lag_band(replica) == LagBand::kUnknown);
  replica.heartbeat_age_ms = 1;
  CHECK(lag_band(replica) == LagBand::kUnder1MiB);
  replica.lag = 0;
  CHECK(lag_band(replica) == LagBand::kNone);
  replica.lag = std::int64_t{1} << 40;
  CHECK(to_string(lag_band(replica)) == ">=1GiB");
}
