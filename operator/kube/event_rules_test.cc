#include <doctest/doctest.h>

#include "operator/kube/event_rules.h"

using namespace rmq::kube;
using What = EventVerdict::What;

namespace {
EventFact fact(const char* note, const char* object = "uid") {
  return {object, "Warning", "BrokerDown", note};
}
}  // namespace

TEST_CASE("events: what is seen on every pass is written once") {
  EventRules rules;
  CHECK(rules.observe(fact("a"), "e1", 0).what == What::kCreate);
  for (std::int64_t t = 1; t < 1000; ++t) CHECK(rules.observe(fact("a"), "e2", t * 30'000).what == What::kNothing);
}

TEST_CASE("events: the same thing after a silence counts up the first event") {
  EventRules rules;
  rules.observe(fact("a"), "e1", 0);
  const auto again = rules.observe(fact("a"), "e2", 600'001);
  CHECK(again.what == What::kCount);
  CHECK(again.name == "e1");
  CHECK(again.count == 2);
}

TEST_CASE("events: another object, reason or note is another event") {
  EventRules rules;
  CHECK(rules.observe(fact("a"), "e1", 0).what == What::kCreate);
  CHECK(rules.observe(fact("b"), "e2", 0).what == What::kCreate);
  CHECK(rules.observe(fact("a", "other"), "e3", 0).what == What::kCreate);
}

TEST_CASE("events: flapping is bounded for each object and recovers") {
  EventRules rules;
  int written = 0;
  for (int i = 0; i < 100; ++i) {
    if (rules.observe(fact(std::to_string(i).c_str()), "e", i).what != What::kNothing) ++written;
  }
  CHECK(written == 25);
  CHECK(rules.observe(fact("x", "other"), "e", 100).what == What::kCreate);
  CHECK(rules.observe(fact("later"), "e", 300'100).what == What::kCreate);
}

TEST_CASE("events: memory is bounded, the least recent goes first") {
  EventRules rules({.max_entries = 3});
  for (const auto* object : {"1", "2", "3"}) rules.observe(fact("n", object), "e", 0);
  rules.observe(fact("n", "1"), "e", 1);
  rules.observe(fact("n", "4"), "e", 2);
  CHECK(rules.size() == 3);
  CHECK(rules.observe(fact("n", "1"), "e", 3).what == What::kNothing);
  CHECK(rules.observe(fact("n", "2"), "e", 4).what == What::kCreate);
}

TEST_CASE("events: a forgotten one is written anew") {
  EventRules rules;
  rules.observe(fact("a"), "e1", 0);
  rules.forget(fact("a"));
  rules.forget(fact("never seen"));
  CHECK(rules.observe(fact("a"), "e2", 1).what == What::kCreate);
}
