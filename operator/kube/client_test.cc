#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include <thread>

#include "operator/kube/api_error.h"
#include "operator/kube/client.h"
#include "operator/kube/fake_transport.h"

using namespace rmq;
using namespace rmq::kube;
using namespace rmq::kube::testing;
using nlohmann::json;

namespace {

const ResourceKind kMaps{"", "v1", "configmaps", "ConfigMap"};

// Requests as the server saw them.
struct Log {
  std::mutex mutex;
  std::vector<HttpRequest> requests;
  void add(const HttpRequest& request) {
    std::lock_guard lock(mutex);
    requests.push_back(request);
  }
  std::size_t size() {
    std::lock_guard lock(mutex);
    return requests.size();
  }
};

}  // namespace

TEST_CASE("client: each verb's method, path, type and body") {
  SystemClock clock;
  Log log;
  ClientConfig config;
  config.token.bytes = "secret";
  auto server = fake_server(
      [&](const HttpRequest& request, const ReplyPtr& reply) {
        log.add(request);
        reply->answer(200, "{}");
      },
      clock, config);
  Client client(*server);
  const json object{{"metadata", {{"namespace", "a"}, {"name", "b"}, {"managedFields", json::array()}}}};
  REQUIRE(client.get(kMaps, {"a", "b"}));
  REQUIRE(client.create(kMaps, object));
  REQUIRE(client.replace(kMaps, object, "status"));
  REQUIRE(client.apply(kMaps, object, {.field_manager = "me", .force = true, .subresource = "status"}));
  REQUIRE(client.merge_patch(kMaps, {"a", "b"}, {{"x", nullptr}}, {.field_manager = "me"}));
  REQUIRE(client.remove(kMaps, {"a", "b"}, {.uid = "u", .resource_version = "7", .grace_seconds = 0}));

  const std::string path = "/api/v1/namespaces/a/configmaps";
  const auto& r = log.requests;
  REQUIRE(r.size() == 6);
  CHECK(r[0].authorization == "Bearer secret");
  CHECK((r[0].method == "GET" && r[0].target == path + "/b"));
  CHECK((r[1].method == "POST" && r[1].target == path));
  CHECK((r[2].method == "PUT" && r[2].target == path + "/b/status"));
  CHECK((r[3].method == "PATCH" && r[3].target == path + "/b/status?fieldManager=me&force=true"));
  CHECK(r[3].content_type == "application/apply-patch+yaml");
  const auto applied = json::parse(r[3].body);
  CHECK(applied["apiVersion"] == "v1");
  CHECK(applied["kind"] == "ConfigMap");
  CHECK_FALSE(applied["metadata"].contains("managedFields"));
  CHECK((r[4].content_type == "application/merge-patch+json" && r[4].body == R"({"x":null})"));
  const auto removal = json::parse(r[5].body);
  CHECK(r[5].method == "DELETE");
  CHECK(removal["propagationPolicy"] == "Background");
  CHECK(removal["preconditions"] == json{{"uid", "u"}, {"resourceVersion", "7"}});
  CHECK(removal["gracePeriodSeconds"] == 0);
}

TEST_CASE("client: a list of several pages, begun anew when it expires, the last time without pages") {
  SystemClock clock;
  Log log;
  auto server = fake_server(
      [&](const HttpRequest& request, const ReplyPtr& reply) {
        log.add(request);
        if (request.target.find("continue=") != std::string::npos) {
          reply->answer(410, R"({"reason":"Expired"})");
        } else if (request.target.find("limit=") != std::string::npos) {
          reply->answer(200, R"({"metadata":{"continue":"t"},"items":[{"metadata":{"name":"x"}}]})");
        } else {
          reply->answer(200, R"({"metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"y"}}]})");
        }
      },
      clock);
  auto list = Client(*server).list(kMaps, "a", {.label_selector = "l=m", .page_limit = 1});
  REQUIRE(list);
  CHECK(list->resource_version == "9");
  REQUIRE(list->items.size() == 1);
  CHECK(list->items[0]["kind"] == "ConfigMap");
  CHECK(log.size() == 5);
}

TEST_CASE("client: errors keep the server's words; a torn answer is one too") {
  SystemClock clock;
  auto server = fake_server(
      [&](const HttpRequest& request, const ReplyPtr& reply) {
        if (request.method == "GET")
          reply->answer(404, R"({"reason":"NotFound","message":"configmaps \"b\" not found"})");
        if (request.method == "POST") reply->answer(409, R"({"reason":"AlreadyExists","message":"is there"})");
        if (request.method == "PUT") reply->answer(200, "{\"half\":");
        if (request.method == "PATCH") reply->end(fail(ErrorKind::kTimeout, "too slow"));
      },
      clock);
  Client client(*server);
  const json object{{"metadata", {{"namespace", "a"}, {"name", "b"}}}};
  CHECK(client.get(kMaps, {"a", "b"}).error().message ==
        "GET /api/v1/namespaces/a/configmaps/b: NotFound: configmaps \"b\" not found");
  CHECK(is_already_exists(client.create(kMaps, object).error()));
  CHECK(client.replace(kMaps, object).error().kind == ErrorKind::kInvalid);
  CHECK(client.apply(kMaps, object).error().kind == ErrorKind::kTimeout);
}

TEST_CASE("api server: after 401 it comes back once, after 429 when asked, and then gives the answer") {
  SystemClock clock;
  std::atomic<int> gets{0};
  std::atomic<int> puts{0};
  auto server = fake_server(
      [&](const HttpRequest& request, const ReplyPtr& reply) {
        if (request.method == "GET") {
          ++gets;
          reply->answer(401, "{}");
        } else {
          reply->answer(++puts == 1 ? 429 : 200, "{}", 1);
        }
      },
      clock);
  Client client(*server);
  CHECK(client.get(kMaps, {"a", "b"}).error().kind == ErrorKind::kDenied);
  CHECK(gets == 2);
  CHECK(client.replace(kMaps, {{"metadata", {{"namespace", "a"}, {"name", "b"}}}}));
  CHECK(puts == 2);
  // No time to wait: the answer is given at once.
  puts = 0;
  CHECK(client.replace(kMaps, {{"metadata", {{"namespace", "a"}, {"name", "b"}}}}, {}, std::chrono::milliseconds(500))
            .error()
            .kind == ErrorKind::kUnavailable);
}

TEST_CASE("api server: closing ends the calls that wait, and refuses new ones") {
  SystemClock clock;
  Eventually eventually;
  bool asked = false;
  auto server =
      fake_server([&](const HttpRequest&, const ReplyPtr&) { eventually.change([&] { asked = true; }); }, clock);
  Client client(*server);
  std::thread caller([&] { CHECK(client.get(kMaps, {"a", "b"}).error().kind == ErrorKind::kUnavailable); });
  REQUIRE(eventually.wait([&] { return asked; }));
  server->close();
  caller.join();
  CHECK(client.get(kMaps, {"a", "b"}).error().kind == ErrorKind::kUnavailable);
}

TEST_CASE("api server: a blocking call on the loop's thread is refused, not a deadlock") {
  SystemClock clock;
  auto server = fake_server([](const HttpRequest&, const ReplyPtr& reply) { reply->answer(200, "{}"); }, clock);
  Client client(*server);
  server->loop().run_and_wait([&] { CHECK(client.get(kMaps, {"a", "b"}).error().kind == ErrorKind::kInternal); });
}

TEST_CASE("client: what names no object is never sent") {
  SystemClock clock;
  Log log;
  auto server = fake_server(
      [&](const HttpRequest& request, const ReplyPtr& reply) {
        log.add(request);
        reply->answer(200, "{}");
      },
      clock);
  Client client(*server);
  for (const auto& key : {ObjectKey{"a", ""}, ObjectKey{"a", ".."}, ObjectKey{"", "b"}, ObjectKey{"..", "b"}}) {
    const json object{{"metadata", {{"namespace", key.ns}, {"name", key.name}}}};
    CHECK(client.remove(kMaps, key).error().kind == ErrorKind::kInvalid);
    CHECK(client.get(kMaps, key).error().kind == ErrorKind::kInvalid);
    CHECK(client.merge_patch(kMaps, key, json::object()).error().kind == ErrorKind::kInvalid);
    CHECK(client.apply(kMaps, object).error().kind == ErrorKind::kInvalid);
    CHECK(client.replace(kMaps, object).error().kind == ErrorKind::kInvalid);
  }
  CHECK(client.create(kMaps, {{"metadata", {{"name", "b"}}}}).error().kind == ErrorKind::kInvalid);
  CHECK(log.size() == 0);
}
