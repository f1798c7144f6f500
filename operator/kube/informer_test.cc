#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "operator/kube/fake_transport.h"
#include "operator/kube/informer.h"
#include "operator/kube/json_access.h"

using namespace rmq;
using namespace rmq::kube;
using namespace rmq::kube::testing;
using nlohmann::json;
using std::chrono::milliseconds;

namespace {

json pod(const std::string& name, const std::string& version) {
  return {{"metadata",
           {{"namespace", "a"},
            {"name", name},
            {"uid", name},
            {"resourceVersion", version},
            {"managedFields", json::array({1})},
            {"annotations", {{"kubectl.kubernetes.io/last-applied-configuration", "{}"}, {"mine", "1"}}}}}};
}

std::string list_text(const std::string& version, const std::vector<json>& items, const std::string& next = "") {
  return json{{"metadata", {{"resourceVersion", version}, {"continue", next}}}, {"items", items}}.dump();
}

std::string line(const char* type, const json& object) {
  return json{{"type", type}, {"object", object}}.dump() + "\n";
}

InformerOptions options() {
  InformerOptions out;
  out.kind = {"", "v1", "pods", "Pod"};
  out.ns = "a";
  out.backoff = {milliseconds(1), milliseconds(5)};
  return out;
}

bool is_watch(const HttpRequest& request) {
  return request.target.find("watch=true") != std::string::npos;
}
bool has(const HttpRequest& request, const char* part) {
  return request.target.find(part) != std::string::npos;
}

// An informer, its handlers' words and the watches it opened.
struct Scene {
  explicit Scene(FakeTransport::Serve serve, InformerOptions with = options())
      : server(fake_server(
            [this, serve = std::move(serve)](const HttpRequest& request, const ReplyPtr& reply) {
              if (is_watch(request)) {
                reply->head(200);
                eventually.change([&] { watches.push_back({request, reply}); });
              }
              serve(request, reply);
            },
            clock)),
        informer(*server, std::move(with)) {
    const auto say = [this](const char* what, const ObjectPtr& object) {
      eventually.change([&] { words.push_back(what + text_at(*object, {"metadata", "name"})); });
    };
    informer.add_handlers({.added = [say](const ObjectPtr& object) { say("+", object); },
                           .updated = [say](const ObjectPtr&, const ObjectPtr& after) { say("~", after); },
                           .deleted = [say](const ObjectPtr& object) { say("-", object); }});
    informer.start();
  }
  bool said(std::vector<std::string> wanted) {
    const bool ok = eventually.wait([&] { return words.size() >= wanted.size(); });
    INFO(informer.health().last_error);
    CHECK(words == wanted);
    return ok;
  }
  ReplyPtr watch(std::size_t n) {
    REQUIRE(eventually.wait([&] { return watches.size() > n; }));
    return watches[n].second;
  }

  SystemClock clock;
  Eventually eventually;
  std::vector<std::string> words;
  std::vector<std::pair<HttpRequest, ReplyPtr>> watches;
  std::unique_ptr<ApiServer> server;
  Informer informer;
};

}  // namespace

TEST_CASE("informer: pages, then events, however the network cuts them") {
  Scene scene([](const HttpRequest& request, const ReplyPtr& reply) {
    if (is_watch(request)) return;
    if (has(request, "continue=t")) {
      reply->answer(200, list_text("10", {pod("two", "2")}));
    } else {
      reply->answer(200, list_text("10", {pod("one", "1")}, "t"));
    }
  });
  REQUIRE(scene.informer.wait_synced(std::chrono::seconds(30)));
  CHECK(scene.said({"+one", "+two"}));
  const auto one = scene.informer.get({"a", "one"});
  REQUIRE(one);
  CHECK((*one)["kind"] == "Pod");
  CHECK_FALSE((*one)["metadata"].contains("managedFields"));
  CHECK((*one)["metadata"]["annotations"] == json{{"mine", "1"}});

  const auto watch = scene.watch(0);
  CHECK(has(scene.watches[0].first, "resourceVersion=10"));
  const auto text =
      line("ADDED", pod("three", "11")) + line("MODIFIED", pod("one", "12")) + line("DELETED", pod("two", "13"));
  for (std::size_t at = 0; at < text.size(); at += 7) watch->body(text.substr(at, 7));
  CHECK(scene.said({"+one", "+two", "+three", "~one", "-two"}));
  CHECK(scene.informer.list("a").size() == 2);
  CHECK(scene.informer.health().objects == 2);
}

TEST_CASE("informer: a clean end watches on from the bookmark, without a list") {
  Scene scene([](const HttpRequest& request, const ReplyPtr& reply) {
    if (!is_watch(request)) reply->answer(200, list_text("10", {}));
  });
  scene.watch(0)->body(line("BOOKMARK", {{"metadata", {{"resourceVersion", "77"}}}}));
  scene.watch(0)->end();
  scene.watch(1);
  CHECK(has(scene.watches[1].first, "resourceVersion=77"));
  // Torn off: the same.
  scene.watch(1)->end(fail(ErrorKind::kUnavailable, "reset by peer"));
  scene.watch(2);
  CHECK(has(scene.watches[2].first, "resourceVersion=77"));
  CHECK(scene.informer.health().lists == 1);
}

TEST_CASE("informer: 410 inside the stream lists anew and tells what was missed") {
  std::atomic<int> lists{0};
  Scene scene([&](const HttpRequest& request, const ReplyPtr& reply) {
    if (is_watch(request)) return;
    if (++lists == 1) {
      reply->answer(200, list_text("10", {pod("gone", "1"), pod("same", "2"), pod("new", "3")}));
    } else {
      reply->answer(200, list_text("90", {pod("same", "2"), pod("new", "80")}));
    }
  });
  CHECK(scene.said({"+gone", "+new", "+same"}));
  scene.watch(0)->body(line("ERROR", {{"kind", "Status"}, {"code", 410}, {"reason", "Expired"}}));
  CHECK(scene.said({"+gone", "+new", "+same", "-gone", "~new"}));
  scene.watch(1);
  CHECK(has(scene.watches[1].first, "resourceVersion=90"));
}

TEST_CASE("informer: nonsense in the stream ends that watch, not the informer") {
  Scene scene([](const HttpRequest& request, const ReplyPtr& reply) {
    if (!is_watch(request)) reply->answer(200, list_text("10", {}));
  });
  scene.watch(0)->body("<html>oops</html>\n");
  scene.watch(1)->body(line("ADDED", pod("one", "11")));
  CHECK(scene.said({"+one"}));
}

TEST_CASE("informer: it keeps trying while lists fail, and says why it is not synced") {
  std::atomic<int> lists{0};
  Scene scene([&](const HttpRequest& request, const ReplyPtr& reply) {
    if (is_watch(request)) return;
    switch (++lists) {
      case 1: reply->end(fail(ErrorKind::kUnavailable, "connection refused")); break;
      case 2: reply->answer(403, R"({"reason":"Forbidden","message":"cannot list pods"})"); break;
      case 3: reply->answer(200, "{\"torn"); break;
      default: reply->answer(200, list_text("10", {pod("one", "1")}));
    }
  });
  REQUIRE(scene.informer.wait_synced(std::chrono::seconds(30)));
  CHECK(lists == 4);
  CHECK(scene.informer.health().last_error.empty());
  CHECK(scene.informer.health().silent_ms >= 0);
}

TEST_CASE("informer: after stop no handler runs") {
  Scene scene([](const HttpRequest& request, const ReplyPtr& reply) {
    if (!is_watch(request)) reply->answer(200, list_text("10", {}));
  });
  const auto watch = scene.watch(0);
  scene.informer.stop();
  watch->body(line("ADDED", pod("late", "11")));
  scene.server->loop().run_and_wait([] {});
  CHECK(scene.words.empty());
  scene.informer.stop();
}

TEST_CASE("informer: stopped before or without a list, it ends at once") {
  Scene scene([](const HttpRequest&, const ReplyPtr&) {});
  CHECK_FALSE(scene.informer.wait_synced(milliseconds(1)));
  scene.informer.stop();
  CHECK_FALSE(scene.informer.wait_synced(std::chrono::seconds(30)));
}
