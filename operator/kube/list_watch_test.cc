#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "operator/kube/list_watch.h"

using namespace rmq;
using namespace rmq::kube;
using nlohmann::json;
using std::chrono::milliseconds;
using What = Step::What;

namespace {

ListWatchOptions pods() {
  ListWatchOptions options;
  options.path = "/api/v1/pods";
  options.label_selector = "app=a";
  return options;
}

json list_of(const char* version, const char* next = "") {
  return {{"items", json::array()}, {"metadata", {{"resourceVersion", version}, {"continue", next}}}};
}

json event_of(const char* type, const char* version) {
  return {{"type", type}, {"object", {{"metadata", {{"resourceVersion", version}}}}}};
}

bool has(const Step& step, std::string_view part) {
  return step.target.find(part) != std::string::npos;
}

// A follower that has listed and watches from version 10.
ListWatch watching() {
  ListWatch follower(pods(), 1);
  (void)follower.start();
  REQUIRE(follower.page(list_of("10")));
  return follower;
}

}  // namespace

TEST_CASE("list-watch: pages, then a watch from the last page's version with bookmarks") {
  ListWatch follower(pods(), 1);
  auto step = follower.start();
  CHECK(step.target == "/api/v1/pods?labelSelector=app%3Da&limit=250");
  auto first = follower.page(list_of("9", "t/2"));
  REQUIRE(first);
  CHECK(first->first);
  CHECK_FALSE(first->last);
  CHECK(has(first->next, "limit=250&continue=t%2F2"));
  auto last = follower.page(list_of("10"));
  REQUIRE(last);
  CHECK_FALSE(last->first);
  CHECK(last->last);
  CHECK(last->next.what == What::kWatch);
  CHECK(last->next.delay == milliseconds(0));
  CHECK(has(last->next, "resourceVersion=10"));
  CHECK(has(last->next, "allowWatchBookmarks=true"));
  CHECK(has(last->next, "labelSelector=app%3Da"));
}

TEST_CASE("list-watch: a watch that ends goes on from the last event or bookmark") {
  auto follower = watching();
  CHECK(*follower.event(event_of("MODIFIED", "12")) == EventType::kModified);
  CHECK(*follower.event(event_of("BOOKMARK", "20")) == EventType::kBookmark);
  auto step = follower.watch_ended(200);
  CHECK(step.what == What::kWatch);
  CHECK(step.delay == milliseconds(0));
  CHECK(has(step, "resourceVersion=20"));
  // Ending again and again without a word: waits grow, the version stays.
  step = follower.watch_ended(200);
  CHECK(step.delay >= milliseconds(800));
  step = follower.watch_ended(0);
  CHECK(step.delay >= milliseconds(1600));
  CHECK(has(step, "resourceVersion=20"));
}

TEST_CASE("list-watch: 410 as a status or inside the stream lists anew") {
  auto refused = watching();
  auto step = refused.watch_ended(410);
  CHECK(step.what == What::kList);
  CHECK_FALSE(has(step, "resourceVersion"));

  auto inside = watching();
  REQUIRE(inside.event(event_of("ADDED", "11")));
  CHECK(*inside.event({{"type", "ERROR"}, {"object", {{"kind", "Status"}, {"code", 410}}}}) == EventType::kExpired);
  step = inside.watch_ended(200);
  CHECK(step.what == What::kList);
  CHECK(step.delay == milliseconds(0));
}

TEST_CASE("list-watch: what only asks for patience does not list anew") {
  for (const int status : {0, 401, 429, 500, 502, 503}) {
    auto follower = watching();
    const auto step = follower.watch_ended(status);
    CHECK(step.what == What::kWatch);
    CHECK(step.delay >= milliseconds(800));
  }
  auto follower = watching();
  CHECK(follower.watch_ended(429, std::chrono::seconds(7)).delay == milliseconds(7000));
  CHECK(*follower.event({{"type", "ERROR"}, {"object", {{"code", 500}}}}) == EventType::kFailed);
  CHECK(follower.watch_ended(200).what == What::kWatch);
}

TEST_CASE("list-watch: a version the server calls bad or too large lists anew") {
  for (const int status : {400, 403, 404, 504}) CHECK(watching().watch_ended(status).what == What::kList);
}

TEST_CASE("list-watch: an expired page starts anew, the second time without pages") {
  ListWatch follower(pods(), 1);
  (void)follower.start();
  REQUIRE(follower.page(list_of("1", "t")));
  auto step = follower.list_failed(410);
  CHECK(step.delay == milliseconds(0));
  CHECK_FALSE(has(step, "continue"));
  auto page = follower.page(list_of("2", "u"));
  REQUIRE(page);
  CHECK(page->first);
  step = follower.list_failed(410);
  CHECK(step.delay >= milliseconds(800));
  CHECK_FALSE(has(step, "limit"));
  REQUIRE(follower.page(list_of("3")));
  CHECK(follower.resource_version() == "3");
}

TEST_CASE("list-watch: a page lost on the way is asked for again") {
  ListWatch follower(pods(), 1);
  (void)follower.start();
  REQUIRE(follower.page(list_of("1", "t")));
  CHECK(has(follower.list_failed(0), "continue=t"));
  CHECK(has(follower.list_failed(503), "continue=t"));
  CHECK_FALSE(has(follower.list_failed(403), "continue"));
}

TEST_CASE("list-watch: delays grow to 30 s and start over after success") {
  ListWatch follower(pods(), 1);
  milliseconds last{0};
  for (int i = 0; i < 20; ++i) last = follower.list_failed(0).delay;
  CHECK(last >= milliseconds(20'000));
  CHECK(last <= milliseconds(30'000));
  REQUIRE(follower.page(list_of("1")));
  CHECK(follower.watch_ended(0).delay <= milliseconds(1200));
}

TEST_CASE("list-watch: nonsense is refused") {
  ListWatch follower(pods(), 1);
  for (const auto* bad : {"{}", "[]", R"({"items":{},"metadata":{"resourceVersion":"1"}})", R"({"items":[]})"}) {
    CHECK_FALSE(follower.page(json::parse(bad)));
  }
  for (const auto* bad : {"{}", R"({"type":"ADDED"})", R"({"type":"ADDED","object":{}})",
                          R"({"type":"NEW","object":{"metadata":{"resourceVersion":"1"}}})"}) {
    CHECK_FALSE(follower.event(json::parse(bad)));
  }
}
