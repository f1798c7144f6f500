#include "namesrv/route_table.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace rmq::namesrv;

namespace {

Registration master(std::string_view name = "br-a", std::string_view address = "1.1.1.1:10911", std::int64_t id = 0) {
  Registration r;
  r.broker = {"c", address, name, id};
  r.ha_address = "1.1.1.1:10912";
  r.acting_master = false;
  r.channel = 7;
  r.version = {0, 100, 1};
  r.topics = {{"T1", {8, 4, 6, 0}}, {"T2", {1, 1, 6, 0}}};
  r.filter_servers = std::vector<std::string>{};
  return r;
}

std::string route(const RouteTable& table, std::string_view topic, JsonForm form = JsonForm::kStandard,
                  std::optional<std::string_view> zone = {}, std::optional<std::string_view> order = {}) {
  return table.route({topic, form, order, zone}).value_or("none");
}
bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}
std::set<std::string_view> as_set(const std::vector<std::string_view>& names) {
  return {names.begin(), names.end()};
}
using Names = std::set<std::string_view>;
using Kind = RegistrationOutcome::Kind;

}  // namespace

// The expected texts are what release 5.5.0 (fastjson2) wrote for the same data.
TEST_CASE("routes are encoded as the original's, in both forms") {
  RouteTable table;
  auto b = master("br-b", "1.2.3.4:10911");
  b.zone = "z<1>'\"\\/\x07\xC3\xA9\xE4\xB8\xAD()&\t";
  b.acting_master = true;
  b.topics = {{"t", {8, 4, 6, 1}}, {"u", {1, 1, 6, 0}}};
  REQUIRE(table.register_broker(b, 0).kind == Kind::kAccepted);
  for (auto [id, address] : {std::pair(10, "1.2.3.4:10912"), {2, "1.2.3.4:10913"}}) {
    auto slave = master("br-b", address, id);
    slave.zone = b.zone;
    slave.acting_master = true;
    REQUIRE(table.register_broker(slave, 0).kind == Kind::kAccepted);
  }
  auto a = master("br-a", "1.2.3.4:20911");
  a.topics = b.topics;
  REQUIRE(table.register_broker(a, 0).kind == Kind::kAccepted);

  CHECK(
      route(table, "t", JsonForm::kFastjson) ==
      R"({"brokerDatas":[{"brokerAddrs":{0:"1.2.3.4:10911",2:"1.2.3.4:10913",10:"1.2.3.4:10912"},"brokerName":"br-b",)"
      R"("cluster":"c","enableActingMaster":true,"zoneName":"z<1>'\"\\/\u0007)"
      "\xC3\xA9\xE4\xB8\xAD()&"
      R"(\t"},{"brokerAddrs":{0:"1.2.3.4:20911"},"brokerName":"br-a","cluster":"c","enableActingMaster":false}],)"
      R"("filterServerTable":{},"queueDatas":[)"
      R"({"brokerName":"br-b","perm":6,"readQueueNums":8,"topicSysFlag":1,"writeQueueNums":4},)"
      R"({"brokerName":"br-a","perm":6,"readQueueNums":8,"topicSysFlag":1,"writeQueueNums":4}]})");
  auto standard = route(table, "t");
  CHECK(has(standard, R"("brokerAddrs":{"0":"1.2.3.4:10911","2":"1.2.3.4:10913","10":"1.2.3.4:10912"})"));
  CHECK(has(route(table, "t", JsonForm::kStandard, {}, "br-a:4"),
            R"("filterServerTable":{},"orderTopicConf":"br-a:4","queueDatas")"));
  CHECK(route(table, "absent") == "none");

  CHECK(has(
      table.cluster_info(),
      R"("br-a":{"brokerAddrs":{0:"1.2.3.4:20911"},"brokerName":"br-a","cluster":"c","enableActingMaster":false})"));
  CHECK(has(table.cluster_info(), R"("clusterAddrTable":{"c":["br-a","br-b"]}})"));
  CHECK(
      table.member_group("c", "br-b") ==
      R"({"brokerMemberGroup":{"brokerAddrs":{0:"1.2.3.4:10911",2:"1.2.3.4:10913",10:"1.2.3.4:10912"},"brokerName":"br-b","cluster":"c"}})");
  CHECK(table.member_group("c", "none") ==
        R"({"brokerMemberGroup":{"brokerAddrs":{},"brokerName":"none","cluster":"c"}})");
}

TEST_CASE("queue mappings and filter servers are part of the route") {
  RouteTable table;
  auto r = master();
  QueueMapping mapping;
  mapping.topic = "T1";
  mapping.scope = "__global__";
  mapping.broker_name = "br-a";
  mapping.total_queues = 8;
  mapping.epoch = 5;
  mapping.current_ids = {{0, 1}, {2, 1}, {10, 1}};
  r.mappings = {mapping};
  r.filter_servers = std::vector<std::string>{"f:1"};
  table.register_broker(r, 0);
  auto old_form = route(table, "T1", JsonForm::kFastjson);
  CHECK(has(old_form, R"("topicQueueMappingByBroker":{"br-a":{"bname":"br-a","currIdMap":{0:1,2:1,10:1},"dirty":false,)"
                      R"("epoch":5,"scope":"__global__","topic":"T1","totalQueues":8}}})"));
  CHECK(has(old_form, R"("filterServerTable":{"1.1.1.1:10911":["f:1"]})"));
  CHECK(has(route(table, "T1"), R"("currIdMap":{"0":1,"2":1,"10":1})"));
  CHECK(!has(route(table, "T2"), "topicQueueMapping"));

  r.filter_servers = std::vector<std::string>{};
  table.register_broker(r, 0);
  CHECK(has(route(table, "T1"), R"("filterServerTable":{})"));
}

TEST_CASE("a registration with the same version restores only what was lost") {
  RouteTable table;
  auto r = master();
  table.register_broker(r, 0);
  CHECK(table.wipe_write_permission("br-a") == 2);
  CHECK(has(route(table, "T1"), R"("perm":4)"));
  table.delete_topic("T2");
  CHECK(route(table, "T2") == "none");

  table.register_broker(r, 1);
  CHECK(has(route(table, "T1"), R"("perm":4)"));
  CHECK(has(route(table, "T2"), R"("perm":6)"));

  r.version.counter = 2;
  table.register_broker(r, 2);
  CHECK(has(route(table, "T1"), R"("perm":6)"));

  CHECK(table.add_write_permission("br-a") == 2);
  CHECK(table.add_write_permission("nobody") == 0);
}

TEST_CASE("one topic alone follows a full registration only") {
  RouteTable table;
  auto r = master();
  r.topics.resize(1);
  CHECK(table.register_broker(r, 0).kind == Kind::kRefused);
  CHECK(table.counts().groups == 0);
  CHECK(table.counts().clusters == 0);
  r = master();
  table.register_broker(r, 0);
  r.version.counter = 2;
  r.topics = {{"T3", {2, 2, 6, 0}}};
  CHECK(table.register_broker(r, 0).kind == Kind::kAccepted);
  CHECK(as_set(table.topics()) == Names{"T1", "T2", "T3"});
}

TEST_CASE("an address has one id, an id one address") {
  RouteTable table;
  table.register_broker(master(), 0);
  auto slave = master("br-a", "2.2.2.2:10911", 1);
  table.register_broker(slave, 0);
  slave.broker.id = 0;  // takes over
  slave.version.state_version = 1;
  table.register_broker(slave, 0);
  CHECK(has(table.member_group("c", "br-a"), R"({0:"2.2.2.2:10911"})"));

  auto late = master();  // the old one, with an older state
  CHECK(table.register_broker(late, 0).kind == Kind::kConflict);
  CHECK(has(table.member_group("c", "br-a"), R"({0:"2.2.2.2:10911"})"));
  CHECK(!table.data_version("c", "1.1.1.1:10911"));
}

TEST_CASE("slaves learn where their master is") {
  RouteTable table;
  auto slave = master("br-a", "2.2.2.2:10911", 1);
  CHECK(!table.register_broker(slave, 0).master_address);
  table.register_broker(master(), 0);
  auto outcome = table.register_broker(slave, 0);
  CHECK(outcome.master_address == "1.1.1.1:10911");
  CHECK(outcome.ha_address == "1.1.1.1:10912");
}

TEST_CASE("topics come from masters, and from the least slave that knows of acting masters") {
  RouteTable table;
  auto slave = master("br-a", "2.2.2.2:10911", 1);
  slave.acting_master.reset();  // before 5.0
  table.register_broker(slave, 0);
  CHECK(table.topics().empty());
  slave.acting_master = true;
  slave.version.counter = 2;
  table.register_broker(slave, 0);
  CHECK(has(route(table, "T1"), R"("perm":4)"));
  auto second = master("br-a", "3.3.3.3:10911", 2);
  second.acting_master = true;
  second.topics.push_back({"T9", {}});
  table.register_broker(second, 0);
  CHECK(route(table, "T9") == "none");
}

TEST_CASE("an acting master is shown where supported and nothing can be written") {
  RouteTable table;
  table.options.support_acting_master = true;
  auto first = master();
  first.acting_master = true;
  first.topics.push_back({"rmq_sys_SYNC_BROKER_MEMBER_br-a", {1, 1, 1, 0}});
  table.register_broker(first, 0);
  auto slave = master("br-a", "2.2.2.2:10911", 3);
  slave.acting_master = true;
  table.register_broker(slave, 0);
  auto changes = table.unregister_brokers({first.broker});
  REQUIRE(changes.size() == 1);
  CHECK(changes[0].min_id == 3);
  CHECK(changes[0].min_address == "2.2.2.2:10911");
  CHECK(changes[0].offline_address == "1.1.1.1:10911");
  CHECK(changes[0].recipients == std::vector<std::string>{"2.2.2.2:10911"});

  CHECK(has(route(table, "T1"), R"("brokerAddrs":{"0":"2.2.2.2:10911"})"));
  CHECK(has(route(table, "T1"), R"("perm":4)"));
  CHECK(has(route(table, "rmq_sys_SYNC_BROKER_MEMBER_br-a"), R"("brokerAddrs":{"3":"2.2.2.2:10911"})"));
  table.options.support_acting_master = false;
  CHECK(has(route(table, "T1"), R"("brokerAddrs":{"3":"2.2.2.2:10911"})"));

  auto outcome = table.register_broker(first, 0);  // the master is back: everything is as it was
  CHECK(has(route(table, "T1"), R"("perm":6)"));
  REQUIRE(outcome.min_id_change);
  CHECK(outcome.min_id_change->min_id == 0);
  CHECK(outcome.min_id_change->ha_address == "1.1.1.1:10912");
  CHECK(outcome.min_id_change->recipients == std::vector<std::string>{"2.2.2.2:10911"});
}

TEST_CASE("zones keep their own brokers and those without a master") {
  RouteTable table;
  auto here = master("here", "1.1.1.1:1");
  here.zone = "Zone-A";
  auto there = master("there", "2.2.2.2:1");
  there.zone = "zone-b";
  auto orphan = master("orphan", "3.3.3.3:1", 1);
  orphan.zone = "zone-b";
  for (const auto& r : {here, there, orphan}) table.register_broker(r, 0);
  auto answer = route(table, "T1", JsonForm::kFastjson, "zone-a");
  CHECK(has(answer, R"("brokerName":"here","cluster")"));
  CHECK(has(answer, R"("brokerName":"orphan","cluster")"));
  CHECK(!has(answer, "there"));
}

TEST_CASE("unregistering removes the broker, and what nobody else serves") {
  RouteTable table;
  auto a = master("br-a", "1.1.1.1:1");
  auto b = master("br-b", "2.2.2.2:1");
  b.topics = {{"T1", {}}, {"B", {}}};
  table.register_broker(a, 0);
  table.register_broker(b, 0);
  std::set<std::string> changed;
  table.on_topic_changed = [&](std::string_view topic) { changed.emplace(topic); };
  table.unregister_brokers({a.broker});
  CHECK(changed == std::set<std::string>{"T1", "T2"});
  CHECK(as_set(table.topics()) == Names{"T1", "B"});
  CHECK(!has(route(table, "T1"), "br-a"));
  table.unregister_brokers({b.broker, b.broker, a.broker});
  auto counts = table.counts();
  CHECK(counts.topics + counts.queue_entries + counts.groups + counts.live_brokers + counts.clusters == 0);
  CHECK(table.cluster_info() == R"({"brokerAddrTable":{},"clusterAddrTable":{}})");
}

TEST_CASE("brokers expire when they were silent for longer than their timeout") {
  RouteTable table;
  auto a = master("br-a", "1.1.1.1:1");
  a.timeout_ms = 10'000;
  auto b = master("br-b", "2.2.2.2:1");
  CHECK(!table.next_deadline());
  table.register_broker(a, 1000);
  table.register_broker(b, 1000);
  CHECK(table.next_deadline() == 11'001);
  CHECK(table.expired(11'000).empty());
  table.touch("c", "1.1.1.1:1", 9000);
  table.touch("c", "nobody", 9000);
  CHECK(table.expired(11'001).empty());
  CHECK(table.next_deadline() == 19'001);
  auto gone = table.expired(19'001);
  REQUIRE(gone.size() == 1);
  CHECK(gone[0].name == "br-a");
  CHECK(gone[0].channel == 7);
  table.unregister_brokers({gone[0].identity()});
  CHECK(table.next_deadline() == 121'001);
  b.timeout_ms = 500;  // a shorter promise counts at once
  table.register_broker(b, 20'000);
  CHECK(table.next_deadline() == 20'501);
  CHECK(table.expired(20'501).size() == 1);
}

TEST_CASE("a channel stands for the brokers that registered last over it") {
  RouteTable table;
  auto a = master("br-a", "1.1.1.1:1");
  auto b = master("br-b", "2.2.2.2:1");
  table.register_broker(a, 0);
  table.register_broker(b, 0);
  CHECK(table.brokers_of_channel(7).size() == 2);
  a.channel = 8;
  table.register_broker(a, 0);
  REQUIRE(table.brokers_of_channel(7).size() == 1);
  CHECK(table.brokers_of_channel(7)[0].name == "br-b");
  CHECK(table.brokers_of_channel(8).size() == 1);
  table.unregister_brokers({a.broker});
  CHECK(table.brokers_of_channel(8).empty());
}

TEST_CASE("topics registered and deleted one by one") {
  RouteTable table;
  table.register_broker(master("br-a", "1.1.1.1:1"), 0);
  auto other = master("br-x", "9.9.9.9:1");
  other.broker.cluster = "d";
  table.register_broker(other, 0);
  CHECK(!table.register_topic("N", {{"br-a", {}}, {"unknown", {}}}));
  CHECK(!table.register_topic("N", {}));
  CHECK(route(table, "N") == "none");
  CHECK(table.register_topic("N", {{"br-a", {}}, {"br-x", {4, 4, 6, 0}}}));
  table.delete_topic("N", "d");
  CHECK(has(route(table, "N"), "br-a"));
  CHECK(!has(route(table, "N"), "br-x"));
  table.delete_topic("N", "no such cluster");
  CHECK(has(route(table, "N"), "br-a"));
  table.delete_topic("N", "c");
  CHECK(route(table, "N") == "none");
  table.delete_topic("T1");
  CHECK(as_set(table.topics()) == Names{"T2"});
}

TEST_CASE("deleteTopicWithBrokerRegistration drops what a full registration does not name") {
  RouteTable table;
  auto r = master();
  table.register_broker(r, 0);
  r.topics = {{"T1", {}}, {"T3", {}}};
  r.version.counter = 2;
  table.register_broker(r, 0);
  CHECK(as_set(table.topics()) == Names{"T1", "T2", "T3"});
  table.options.delete_topics_with_registration = true;
  r.version.counter = 3;
  table.register_broker(r, 0);
  CHECK(as_set(table.topics()) == Names{"T1", "T3"});
}

TEST_CASE("lists of topics") {
  RouteTable table;
  auto a = master("br-a", "1.1.1.1:1");
  a.topics = {{"plain", {1, 1, 6, 0}}, {"unit", {1, 1, 6, 1}}, {"sub", {1, 1, 6, 2}}, {"both", {1, 1, 6, 3}}};
  table.register_broker(a, 0);
  CHECK(as_set(table.topics_by_flags(kSysFlagUnit, 0)) == Names{"unit", "both"});
  CHECK(as_set(table.topics_by_flags(kSysFlagUnitSub, 0)) == Names{"sub", "both"});
  CHECK(as_set(table.topics_by_flags(kSysFlagUnitSub, kSysFlagUnit)) == Names{"sub"});
  CHECK(table.topics_of_cluster("c").size() == 4);
  CHECK(table.topics_of_cluster("x").empty());
  CHECK(as_set(table.clusters_and_brokers()) == Names{"c", "br-a"});
  CHECK(table.any_broker_address() == "1.1.1.1:1");
}

TEST_CASE("a known body is merged again only when something was lost") {
  RouteTable table;
  auto r = master();
  r.body_hash = 99;
  CHECK(!table.is_known_body(r.broker, 99));
  table.register_broker(r, 0);
  CHECK(table.is_known_body(r.broker, 99));
  CHECK(!table.is_known_body(r.broker, 98));
  CHECK(!table.is_known_body(r.broker, 0));
  auto elsewhere = r.broker;
  elsewhere.id = 1;
  CHECK(!table.is_known_body(elsewhere, 99));

  auto light = r;
  light.topics.clear();
  light.filter_servers.reset();
  light.zone = "z";
  table.refresh_broker(light, 5000);
  CHECK(has(route(table, "T1"), R"("zoneName":"z")"));
  CHECK(table.expired(125'000).empty());
  CHECK(table.data_version("c", "1.1.1.1:10911") == r.version);

  table.delete_topic("T1");
  CHECK(!table.is_known_body(r.broker, 99));
  table.register_broker(r, 0);
  CHECK(table.is_known_body(r.broker, 99));
  CHECK(route(table, "T1") != "none");
}

TEST_CASE("a slave's known body counts anew when it becomes the least") {
  RouteTable table;
  table.register_broker(master(), 0);
  auto slave = master("br-a", "2.2.2.2:1", 1);
  slave.acting_master = true;
  slave.body_hash = 5;
  slave.topics.push_back({"only-slave", {}});
  table.register_broker(slave, 0);
  CHECK(table.is_known_body(slave.broker, 5));
  table.unregister_brokers({master().broker});
  CHECK(!table.is_known_body(slave.broker, 5));
  table.register_broker(slave, 0);
  CHECK(table.is_known_body(slave.broker, 5));
  CHECK(route(table, "only-slave") != "none");
}

TEST_CASE("indexes of topics and brokers are used again, and stay right") {
  RouteTable table;
  std::vector<std::string> names;
  for (int i = 0; i < 200; ++i) names.push_back("t" + std::to_string(i));
  auto r = master();
  for (int round = 0; round < 50; ++round) {
    r.topics.clear();
    for (int i = 0; i < 100; ++i) r.topics.push_back({names[(round * 37 + i * 7) % 200], {}});
    r.version.counter = round;
    table.register_broker(r, 0);
    for (int i = 0; i < 60; ++i) table.delete_topic(names[(round * 13 + i) % 200]);
    CHECK(table.topics_of_cluster("c").size() == table.counts().topics);
    CHECK(table.counts().queue_entries == table.counts().topics);
    CHECK(table.wipe_write_permission("br-a") == static_cast<int>(table.counts().topics));
  }
  table.unregister_brokers({r.broker});
  CHECK(table.counts().topics == 0);
}
