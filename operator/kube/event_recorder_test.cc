#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "operator/kube/event_recorder.h"
#include "operator/kube/fake_transport.h"

using namespace rmq;
using namespace rmq::kube;
using namespace rmq::kube::testing;
using nlohmann::json;

TEST_CASE("recorder: an event as the API wants it, once; counted after a silence; written anew after a failure") {
  ManualClock clock;
  Eventually eventually;
  std::vector<HttpRequest> requests;
  int status = 201;
  auto server = fake_server(
      [&](const HttpRequest& request, const ReplyPtr& reply) {
        eventually.change([&] { requests.push_back(request); });
        reply->answer(status, "{}");
      },
      clock);
  EventRecorder recorder(*server, {.instance = "operator-0"});
  const json object{
      {"apiVersion", "v1"}, {"kind", "Pod"}, {"metadata", {{"namespace", "a"}, {"name", "b"}, {"uid", "u"}}}};
  const auto settle = [&] {
    for (int i = 0; i < 5; ++i) server->loop().run_and_wait([] {});
  };
  for (int i = 0; i < 10; ++i) recorder.warning(object, "Down", "the broker is down");
  settle();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].method == "POST");
  CHECK(requests[0].target == "/apis/events.k8s.io/v1/namespaces/a/events");
  const auto event = json::parse(requests[0].body);
  CHECK(event["reportingInstance"] == "operator-0");
  CHECK(event["type"] == "Warning");
  CHECK(event["regarding"]["uid"] == "u");
  CHECK(event["action"] == "Reconcile");

  clock.advance(601'000);
  recorder.warning(object, "Down", "the broker is down");
  settle();
  REQUIRE(requests.size() == 2);
  CHECK(requests[1].method == "PATCH");
  CHECK(requests[1].target ==
        "/apis/events.k8s.io/v1/namespaces/a/events/" + event["metadata"]["name"].get<std::string>());
  CHECK(json::parse(requests[1].body)["series"]["count"] == 2);

  // The server has dropped the event meanwhile: the next sighting makes a new one.
  status = 404;
  clock.advance(601'000);
  recorder.warning(object, "Down", "the broker is down");
  settle();
  status = 201;
  recorder.warning(object, "Down", "the broker is down");
  settle();
  REQUIRE(requests.size() == 4);
  CHECK(requests[3].method == "POST");
}

TEST_CASE("recorder: a long note is cut between characters") {
  ManualClock clock;
  std::string body;
  auto server = fake_server(
      [&](const HttpRequest& request, const ReplyPtr& reply) {
        body = request.body;
        reply->answer(201, "{}");
      },
      clock);
  EventRecorder recorder(*server, {});
  std::string note(1023, 'x');
  note += "\xc3\xa4\xc3\xa4";
  recorder.normal({{"metadata", {{"name", "cluster-wide"}}}}, "R", note);
  for (int i = 0; i < 5; ++i) server->loop().run_and_wait([] {});
  const auto event = json::parse(body);
  CHECK(event["note"].get<std::string>() == std::string(1023, 'x'));
  CHECK(event["metadata"]["namespace"] == "default");
}
