// Elections with a real API server: brokers of the test reach the operator's Controller where its EndpointSlice says,
// and what it decides is in the BrokerGroup, whoever leads.
#include "operator/api/broker_group.h"
#include "operator/controller/test_broker.h"
#include "operator/kube/json_access.h"
#include "operator/manager/apiserver_test/fixture.h"

namespace rmq::operator_::check {

using controller::TestBroker;
using kube::int_at;
using kube::text_at;
using nlohmann::json;

namespace {

// Brokers of the test send few heartbeats: nothing here waits for silence.
const json kSync{{"nameServers", {{"replicas", 1}}},
                 {"brokerGroups",
                  {{"replicasPerGroup", 2}, {"replication", "sync"}, {"failover", {{"heartbeatTimeoutMs", 120'000}}}}}};

std::uint16_t controller_port(Fixture& f) {
  const auto slice = f.get(kEndpointSlices, "a-controller");
  if (slice.is_null()) return 0;
  return slice["ports"][0]["port"].get<std::uint16_t>();
}
BrokerGroupStatus group(Fixture& f) {
  return broker_group_status(f.get(kBrokerGroups, "a-broker-0"));
}
bool has_master(Fixture& f, const std::string& address, std::int64_t epoch) {
  const auto now = group(f);
  return now.master == address && now.master_epoch == epoch;
}

}  // namespace

TEST_CASE("brokers find the Controller, elections are in the BrokerGroup, and the next leader goes on from there") {
  Fixture f("elections");
  Kubelet kubelet(f.client);
  remoting::IoPool pool(1);
  auto process = f.start_operator({"--controller-ports=21100-21199"});
  REQUIRE(f.make("a", kSync));
  REQUIRE(eventually([&] { return controller_port(f) != 0; }));
  CHECK(controller_port(f) == 21100);
  CHECK_FALSE(text_at(f.get(kServices, "a-controller"), {"spec", "clusterIP"}).empty());
  CHECK(f.get(kBrokerGroups, "a-broker-0")["spec"]["newGroup"] == true);

  auto one = std::make_unique<TestBroker>(pool, controller_port(f), "a-broker-0", 1);
  REQUIRE(eventually([&] {
    return one->next_id().code == protocol::ResponseCode::kSuccess;  // until what is stored was read
  }));
  REQUIRE(one->apply_id().code == protocol::ResponseCode::kSuccess);
  REQUIRE(one->register_itself().code == protocol::ResponseCode::kSuccess);
  REQUIRE(one->elect().code == protocol::ResponseCode::kSuccess);
  REQUIRE(eventually([&] { return has_master(f, one->address(), 1); }));
  TestBroker two(pool, controller_port(f), "a-broker-0", 2);
  two.join();
  (void)one->heartbeat();
  protocol::SyncStateSet both;
  both.members = {1, 2};
  both.epoch = static_cast<std::int32_t>(group(f).sync_set_epoch);
  REQUIRE(one->alter(1, both).code == protocol::ResponseCode::kSuccess);
  CHECK(group(f).sync_set.size() == 2);
  // Labels by hand are no conflict to the Controller.
  REQUIRE(f.client.merge_patch(kBrokerGroups, {f.ns, "a-broker-0"}, {{"metadata", {{"labels", {{"team", "x"}}}}}},
                               {.field_manager = "user"}));

  // The master dies: its port refuses, so the other is elected at once.
  one->die();
  REQUIRE(eventually([&] { return has_master(f, two.address(), 2); }, std::chrono::seconds(10)));
  CHECK(group(f).elections.size() >= 2);
  CHECK(two.await_notified(2) == 2);

  // Another operator: the object is its memory.
  process->kill_now();
  process = f.start_operator({"--controller-ports=21150-21199"});
  REQUIRE(eventually([&] { return controller_port(f) == 21150; }));
  TestBroker again(pool, controller_port(f), "a-broker-0", 2);
  REQUIRE(eventually([&] { return again.replica_info().code == protocol::ResponseCode::kSuccess; }));
  CHECK(has_master(f, two.address(), 2));
  CHECK(f.condition("a", kUncleanElection) == "False");

  REQUIRE(f.client.remove(kBrokerGroups, {f.ns, "a-broker-0"}));
  REQUIRE(eventually([&] { return f.condition("a", kDegraded, "reason") == "BrokerGroupDeleted"; }));
  CHECK(has_master(f, two.address(), 2));
  REQUIRE(f.client.remove(kClusters, {f.ns, "a"}));
  CHECK(eventually([&] { return f.get(kBrokerGroups, "a-broker-0").is_null(); }));
  CHECK(run("/bin/sh", {"-c", "! grep -i forbidden operator.log | grep -v 'store-a-broker'"}) == 0);
  auto events = f.client.list({"events.k8s.io", "v1", "events", "Event"}, f.ns);
  REQUIRE(events);
  int told = 0;
  for (const auto& event : events->items) told += text_at(event, {"reason"}) == "MasterElected" ? 1 : 0;
  CHECK(told >= 2);
}

}  // namespace rmq::operator_::check
