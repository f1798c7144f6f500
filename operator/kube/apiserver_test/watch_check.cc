#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <future>
#include <mutex>

#include "common/base/file.h"
#include "operator/kube/apiserver_test/fixture.h"
#include "operator/kube/informer.h"
#include "operator/kube/json_access.h"

using namespace rmq;
using namespace rmq::kube;
using namespace rmq::kube::check;
using nlohmann::json;

namespace {

// What an informer said, to be waited for.
struct Words {
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> all;

  void listen(Informer& informer) {
    const auto say = [this](const char* what, const ObjectPtr& object) {
      {
        std::lock_guard lock(mutex);
        all.push_back(what + text_at(*object, {"metadata", "name"}));
      }
      changed.notify_all();
    };
    informer.add_handlers({.added = [say](const ObjectPtr& object) { say("+", object); },
                           .updated = [say](const ObjectPtr&, const ObjectPtr& after) { say("~", after); },
                           .deleted = [say](const ObjectPtr& object) { say("-", object); }});
  }
  bool heard(const std::string& word) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(60),
                            [&] { return std::find(all.begin(), all.end(), word) != all.end(); });
  }
};

InformerOptions maps_in(const std::string& ns, const std::string& label) {
  InformerOptions out;
  out.kind = kMaps;
  out.ns = ns;
  out.label_selector = "check=" + label;
  out.page_limit = 3;
  return out;
}

// All that a watch from an old version brings: the HTTP status, then the lines.
std::pair<int, std::string> watch_from(Fixture& f, const std::string& version) {
  struct Seen {
    std::promise<void> ended;
    int status = 0;
    std::string body;
  };
  auto seen = std::make_shared<Seen>();
  HttpRequest request;
  request.target =
      collection_path(kMaps, f.ns) + query({{"watch", "true"}, {"resourceVersion", version}, {"timeoutSeconds", "2"}});
  request.idle_timeout = std::chrono::seconds(20);
  auto ended = seen->ended.get_future();
  f.api().start(request, {.on_head = [seen](const HttpHead& head) { seen->status = head.status; },
                          .on_body =
                              [seen](std::string_view bytes) {
                                seen->body += bytes;
                                return true;
                              },
                          .on_end = [seen](const Status&) { seen->ended.set_value(); }});
  ended.wait();
  return {seen->status, seen->body};
}

}  // namespace

TEST_CASE("informer: list in pages, then every change") {
  Fixture f;
  for (int i = 0; i < 7; ++i) REQUIRE(f.client.apply(kMaps, f.map("i-" + std::to_string(i), {}, "informer")));
  (void)f.client.remove(kMaps, {f.ns, "i-new"});
  Informer informer(f.api(), maps_in(f.ns, "informer"));
  Words words;
  words.listen(informer);
  informer.start();
  REQUIRE(informer.wait_synced(std::chrono::seconds(30)));
  CHECK(informer.list().size() == 7);
  CHECK_FALSE((*informer.get({f.ns, "i-3"}))["metadata"].contains("managedFields"));

  REQUIRE(f.client.apply(kMaps, f.map("i-new", {{"x", "1"}}, "informer")));
  CHECK(words.heard("+i-new"));
  REQUIRE(f.client.apply(kMaps, f.map("i-3", {{"x", "2"}}, "informer")));
  CHECK(words.heard("~i-3"));
  REQUIRE(f.client.remove(kMaps, {f.ns, "i-4"}));
  CHECK(words.heard("-i-4"));
  // Leaving the selector is a deletion for who selects.
  REQUIRE(f.client.merge_patch(kMaps, {f.ns, "i-5"}, {{"metadata", {{"labels", {{"check", "other"}}}}}}));
  CHECK(words.heard("-i-5"));
  CHECK(informer.health().lists == 1);
  CHECK(informer.list().size() == 6);
}

TEST_CASE("informer: watches that the server ends go on without a list and without a gap") {
  Fixture f;
  auto options = maps_in(f.ns, "short");
  options.watch_timeout = std::chrono::seconds(1);
  Informer informer(f.api(), options);
  Words words;
  words.listen(informer);
  informer.start();
  REQUIRE(informer.wait_synced(std::chrono::seconds(30)));
  for (int i = 0; i < 40 && informer.health().watches < 5; ++i) {
    REQUIRE(f.client.apply(kMaps, f.map("s-" + std::to_string(i), {}, "short")));
    CHECK(words.heard("+s-" + std::to_string(i)));
    std::unique_lock lock(words.mutex);
    words.changed.wait_for(lock, std::chrono::milliseconds(250), [] { return false; });
  }
  CHECK(informer.health().watches >= 4);
  CHECK(informer.health().lists == 1);
}

TEST_CASE("informer: bookmarks arrive while nothing happens") {
  Fixture f;
  Informer informer(f.api(), maps_in(f.ns, "quiet"));
  informer.start();
  REQUIRE(informer.wait_synced(std::chrono::seconds(30)));
  const auto watch_began = f.clock.monotonic_ms();
  std::mutex mutex;
  std::condition_variable never;
  // A bookmark about each minute: contact must have been later than the list's.
  bool bookmarked = false;
  while (!bookmarked && f.clock.monotonic_ms() < watch_began + 130'000) {
    std::unique_lock lock(mutex);
    never.wait_for(lock, std::chrono::milliseconds(500));
    bookmarked = f.clock.monotonic_ms() - informer.health().silent_ms > watch_began + 1'000;
  }
  CHECK(bookmarked);
  CHECK(informer.health().watches == 1);
}

TEST_CASE("list: a page after compaction is 410") {
  if (arguments().compact.empty()) return;
  Fixture f;
  for (int i = 0; i < 5; ++i) REQUIRE(f.client.apply(kMaps, f.map("c-" + std::to_string(i), {}, "compacted")));
  const auto page = [&](const std::string& token) {
    HttpRequest request;
    request.target = collection_path(kMaps, f.ns) +
                     query({{"labelSelector", "check=compacted"}, {"limit", "2"}, {"continue", token}});
    auto answer = f.api().call(request);
    REQUIRE(answer);
    return *answer;
  };
  const auto token = text_at(json::parse(page("").body), {"metadata", "continue"});
  REQUIRE_FALSE(token.empty());
  for (int i = 0; i < 5; ++i) REQUIRE(f.client.apply(kMaps, f.map("c-0", {{"x", std::to_string(i)}}, "compacted")));
  REQUIRE(run(arguments().compact));
  const auto expired = page(token);
  MESSAGE("HTTP ", expired.status, " ", expired.body.substr(0, 300));
  CHECK(expired.status == 410);
  CHECK(f.client.list(kMaps, f.ns, {.label_selector = "check=compacted", .page_limit = 2})->items.size() == 5);
}

TEST_CASE("informer: over a restart of the API server nothing is lost, whatever changed around it") {
  if (arguments().restart.empty()) return;
  Fixture f;
  (void)f.client.remove(kMaps, {f.ns, "r-gone"});
  (void)f.client.remove(kMaps, {f.ns, "r-after"});
  REQUIRE(f.client.apply(kMaps, f.map("r-kept", {}, "restart")));
  Informer informer(f.api(), maps_in(f.ns, "restart"));
  Words words;
  words.listen(informer);
  informer.start();
  REQUIRE(informer.wait_synced(std::chrono::seconds(30)));
  // Versions grow without this informer hearing of it, so that its own is too old for the new server.
  for (int i = 0; i < 20; ++i) REQUIRE(f.client.apply(kMaps, f.map("noise", {{"x", std::to_string(i)}})));
  REQUIRE(run(arguments().restart));
  auto after = f.client.apply(kMaps, f.map("r-after", {}, "restart"));
  const auto limit = f.clock.monotonic_ms() + 60'000;
  while (!after && f.clock.monotonic_ms() < limit) after = f.client.apply(kMaps, f.map("r-after", {}, "restart"));
  REQUIRE_MESSAGE(after, (after ? "" : after.error().message));
  CHECK(words.heard("+r-after"));
  CHECK(informer.get({f.ns, "r-kept"}) != nullptr);
  MESSAGE("lists ", informer.health().lists, ", watches ", informer.health().watches);
  // A version from before the restart, seen on the wire: 410 as a status or as an event in the stream.
  const auto [status, body] = watch_from(f, "1");
  MESSAGE("HTTP ", status, " ", body.substr(0, 300));
  const bool in_stream = status == 200 && body.find("\"code\":410") != std::string::npos;
  CHECK((status == 410 || in_stream));
  std::lock_guard lock(words.mutex);
  CHECK(std::count(words.all.begin(), words.all.end(), "+r-kept") == 1);
}

TEST_CASE("memory: forty informers on idle kinds cost little") {
  Fixture f;
  const auto rss_kib = [] {
    const auto status = read_file("/proc/self/status");
    REQUIRE(status);
    return std::stol(status->substr(status->find("VmRSS:") + 6));
  };
  const auto before = rss_kib();
  std::vector<std::unique_ptr<Informer>> informers;
  for (int i = 0; i < 40; ++i) {
    informers.push_back(std::make_unique<Informer>(f.api(), maps_in(f.ns, "idle" + std::to_string(i))));
    informers.back()->start();
  }
  for (const auto& informer : informers) CHECK(informer->wait_synced(std::chrono::seconds(30)));
  MESSAGE("KiB before ", before, ", after ", rss_kib());
}
