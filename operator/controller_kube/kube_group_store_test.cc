#include "operator/controller_kube/kube_group_store.h"

#include <future>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include "common/base/json.h"
#include "operator/api/broker_group.h"
#include "operator/election/group_state.h"
#include "operator/kube/fake_transport.h"
#include "operator/kube/json_access.h"

namespace rmq::operator_ {
namespace {

using controller::StoredGroup;
using controller::WriteOutcome;
using election::GroupState;
using nlohmann::json;
using What = WriteOutcome::What;

constexpr std::string_view kPath = "/apis/rocketmq-operator.io/v1alpha1/namespaces/n/brokergroups";

std::shared_ptr<GroupState> state(std::int32_t epoch) {
  auto out = std::make_shared<GroupState>();
  out->cluster = "a";
  out->name = "a-broker-0";
  out->replicas[1].address = "a-broker-0-0.n.svc:10911";
  out->max_id = 1;
  out->master = 1;
  out->master_epoch = epoch;
  out->sync_set = {1};
  return out;
}

// BrokerGroups of one namespace as an API server keeps them. Its functions run on the loop's thread.
struct Api {
  std::map<std::string, json> objects;
  int version = 0;
  int puts = 0;
  std::function<void()> before_put;  // what somebody else does meanwhile; called once
  int lose_answers = 0;              // of the next PUTs: done, but the connection breaks
  int fail_with = 0;                 // an HTTP status for all

  json& touch(const std::string& name) {
    auto& object = objects[name];
    object["metadata"]["resourceVersion"] = std::to_string(++version);
    return object;
  }
  json& make(const std::string& name, const json& status = json::object()) {
    objects[name] = {{"metadata", {{"name", name}, {"namespace", "n"}, {"uid", "uid-" + std::to_string(version)}}},
                     {"status", status}};
    return touch(name);
  }

  void serve(const kube::HttpRequest& request, const kube::testing::ReplyPtr& reply) {
    if (fail_with != 0) return reply->answer(fail_with, R"({"reason":"Broken"})");
    auto path = request.target.substr(0, request.target.find('?'));
    REQUIRE(path.starts_with(kPath));
    path.erase(0, kPath.size());
    if (path.empty() && request.method == "GET") {
      json items = json::array();
      for (const auto& [name, object] : objects) items.push_back(object);
      return reply->answer(200, json{{"items", items}}.dump());
    }
    if (request.method == "POST") {
      const auto object = *parse_json(request.body);
      const auto name = kube::key_of(object).name;
      if (objects.contains(name)) return reply->answer(409, R"({"reason":"AlreadyExists"})");
      return reply->answer(201, make(name).dump());
    }
    const auto name = path.substr(1, path.find('/', 1) - 1);
    if (request.method == "PUT" && before_put) std::exchange(before_put, nullptr)();
    if (!objects.contains(name)) return reply->answer(404, R"({"reason":"NotFound"})");
    if (request.method == "GET") return reply->answer(200, objects[name].dump());
    REQUIRE(path.ends_with("/status"));
    const auto given = *parse_json(request.body);
    if (request.method == "PATCH") {
      objects[name].merge_patch(given);
      return reply->answer(200, touch(name).dump());
    }
    ++puts;
    if (given["metadata"]["resourceVersion"] != objects[name]["metadata"]["resourceVersion"]) {
      return reply->answer(409, R"({"reason":"Conflict"})");
    }
    objects[name]["status"] = given["status"];
    touch(name);
    if (lose_answers > 0 && --lose_answers >= 0) return reply->end(fail(ErrorKind::kUnavailable, "connection reset"));
    reply->answer(200, objects[name].dump());
  }
};

struct Setup {
  Api api;
  SystemClock clock;
  bool leads = true;
  std::unique_ptr<kube::ApiServer> server = kube::testing::fake_server(
      [this](const kube::HttpRequest& request, const kube::testing::ReplyPtr& reply) { api.serve(request, reply); },
      clock);
  KubeGroupStore store{*server, clock,
                       KubeGroupStoreOptions{.cluster = {"n", "a"},
                                             .may_write = [this] { return leads; },
                                             .manifest_of = [](const std::string& name) -> std::optional<json> {
                                               if (name != "a-broker-0") return std::nullopt;
                                               return json{{"metadata", {{"name", name}, {"namespace", "n"}}}};
                                             }}};

  ~Setup() { server->close(); }

  void on_api(const std::function<void()>& change) { server->loop().run_and_wait(change); }
  WriteOutcome write(const std::string& version, std::shared_ptr<const GroupState> wanted,
                     const std::string& name = "a-broker-0") {
    std::promise<WriteOutcome> promise;
    store.compare_and_swap(name, version, std::move(wanted), [&](WriteOutcome outcome) { promise.set_value(outcome); });
    return wait(promise);
  }
  Result<std::vector<StoredGroup>> load() {
    std::promise<Result<std::vector<StoredGroup>>> promise;
    store.load([&](Result<std::vector<StoredGroup>> groups) { promise.set_value(std::move(groups)); });
    return wait(promise);
  }
  template <class T>
  T wait(std::promise<T>& promise) {
    auto future = promise.get_future();
    REQUIRE(future.wait_for(std::chrono::seconds(20)) == std::future_status::ready);
    return future.get();
  }
};

}  // namespace

TEST_CASE("a group is created, swapped, and read by the next leader") {
  Setup s;
  auto created = s.write("", state(1));
  REQUIRE(created.what == What::kWritten);
  auto swapped = s.write(created.version, state(2));
  REQUIRE(swapped.what == What::kWritten);
  CHECK(swapped.version != created.version);

  KubeGroupStore next(*s.server, s.clock, {.cluster = {"n", "a"}});
  auto groups = s.load();
  REQUIRE(groups);
  REQUIRE(groups->size() == 1);
  CHECK((*groups)[0].state->master_epoch == 2);
  CHECK((*groups)[0].version == swapped.version);
  s.on_api([&] {
    auto shown = broker_group_status(s.api.objects["a-broker-0"]);
    CHECK(shown.master == "a-broker-0-0");
    CHECK(shown.master_epoch == 2);
    CHECK(shown.uid == s.api.objects["a-broker-0"]["metadata"]["uid"]);
  });
}

TEST_CASE("another's write is a conflict and tells what is there") {
  Setup s;
  auto created = s.write("", state(1));
  KubeGroupStore other(*s.server, s.clock, {.cluster = {"n", "a"}});
  std::promise<Result<std::vector<StoredGroup>>> loaded;
  other.load([&](auto groups) { loaded.set_value(std::move(groups)); });
  auto theirs = s.wait(loaded);
  std::promise<WriteOutcome> written;
  other.compare_and_swap("a-broker-0", (*theirs)[0].version, state(7),
                         [&](WriteOutcome outcome) { written.set_value(outcome); });
  CHECK(s.wait(written).what == What::kWritten);

  auto outcome = s.write(created.version, state(2));
  REQUIRE(outcome.what == What::kConflict);
  CHECK(outcome.actual.state->master_epoch == 7);
  CHECK(s.write(outcome.actual.version, state(8)).what == What::kWritten);
  // A version from before that is a conflict, too, and so is "there is none".
  CHECK(s.write(created.version, state(9)).what == What::kConflict);
  CHECK(s.write("", state(9)).what == What::kConflict);
}

TEST_CASE("a change of anything but the state is no conflict") {
  Setup s;
  auto created = s.write("", state(1));
  s.on_api([&] {
    s.api.before_put = [&] { s.api.touch("a-broker-0")["metadata"]["labels"] = {{"a", "b"}}; };
    s.api.puts = 0;
  });
  CHECK(s.write(created.version, state(2)).what == What::kWritten);
  CHECK(s.api.puts == 2);
}

TEST_CASE("the lag column is shown, kept by later writes, and no conflict") {
  Setup s;
  auto created = s.write("", state(1));
  std::promise<Status> shown;
  s.store.write_lag("a-broker-0", "<1MiB", [&](Status status) { shown.set_value(std::move(status)); });
  CHECK(s.wait(shown));
  CHECK(s.write(created.version, state(2)).what == What::kWritten);
  s.on_api([&] { CHECK(s.api.objects["a-broker-0"]["status"]["lag"] == "<1MiB"); });
}

TEST_CASE("a write whose answer was lost is found to be done, by whatever comes next") {
  Setup s;
  auto created = s.write("", state(1));
  s.on_api([&] { s.api.lose_answers = 1; });
  CHECK(s.write(created.version, state(2)).what == What::kError);
  SUBCASE("the same again") {
    CHECK(s.write(created.version, state(2)).what == What::kWritten);
  }
  SUBCASE("another") {
    auto outcome = s.write(created.version, state(3));
    REQUIRE(outcome.what == What::kConflict);
    CHECK(outcome.actual.state->master_epoch == 2);
  }
}

TEST_CASE("an object that is gone, empty or a copy holds no state") {
  Setup s;
  auto created = s.write("", state(1));
  SUBCASE("gone") {
    s.on_api([&] { s.api.objects.clear(); });
    auto outcome = s.write(created.version, state(2));
    REQUIRE(outcome.what == What::kConflict);
    CHECK(outcome.actual.state == nullptr);
  }
  SUBCASE("a copy from a backup") {
    s.on_api([&] { s.api.touch("a-broker-0")["metadata"]["uid"] = "restored"; });
    auto outcome = s.write(created.version, state(2));
    REQUIRE(outcome.what == What::kConflict);
    CHECK(outcome.actual.state == nullptr);
  }
  CHECK(s.load()->empty());
  CHECK(s.write("", state(5)).what == What::kWritten);
  CHECK(s.load()->at(0).state->master_epoch == 5);
}

TEST_CASE("a removed group leaves an object without a state") {
  Setup s;
  auto created = s.write("", state(1));
  std::promise<WriteOutcome> removed;
  s.store.compare_and_remove("a-broker-0", created.version, [&](WriteOutcome outcome) { removed.set_value(outcome); });
  CHECK(s.wait(removed).what == What::kWritten);
  CHECK(s.load()->empty());
  s.on_api([&] { CHECK(s.api.objects.contains("a-broker-0")); });
}

TEST_CASE(
    "what can't be read stops the load; a group nobody wants is not made; one that leads no more writes nothing") {
  Setup s;
  CHECK(s.write("", state(1), "b-broker-0").what == What::kError);
  auto created = s.write("", state(1));
  s.leads = false;
  CHECK(s.write(created.version, state(2)).what == What::kError);
  CHECK(s.load()->at(0).state->master_epoch == 1);
  s.leads = true;
  s.on_api([&] { s.api.objects["a-broker-0"]["status"]["state"]["masterEpoch"] = "one"; });
  CHECK_FALSE(s.load());
  s.on_api([&] { s.api.fail_with = 403; });
  CHECK(s.write(created.version, state(2)).what == What::kError);
  CHECK_FALSE(s.load());
}

}  // namespace rmq::operator_
