#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "operator/kube/lease_rules.h"
#include "operator/kube/micro_time.h"

using namespace rmq::kube;

namespace {
LeaseRecord held_by(const char* holder, const char* renewed) {
  return {holder, 15, "t", renewed, 3};
}
}  // namespace

TEST_CASE("lease: a free one is taken, another's only after it stood still for its duration by our clock") {
  LeaseRules rules("me", {});
  rules.observed(held_by("", "r"), 0);
  CHECK(rules.may_take(0));
  rules.observed(held_by("you", "r1"), 1'000);
  CHECK_FALSE(rules.may_take(1'000));
  rules.observed(held_by("you", "r1"), 15'000);  // seen again, unchanged: our count goes on
  CHECK_FALSE(rules.may_take(15'999));
  CHECK(rules.may_take(16'000));
  rules.observed(held_by("you", "r2"), 15'999);  // renewed: count anew
  CHECK_FALSE(rules.may_take(30'000));
  CHECK(rules.may_take(30'999));
}

TEST_CASE("lease: whatever times stand in it, our own clock judges") {
  LeaseRules rules("me", {});
  rules.observed({"you", 15, "1970-01-01T00:00:00.000000Z", "1970-01-01T00:00:00.000000Z", 0}, 5'000);
  CHECK_FALSE(rules.may_take(19'999));
}

TEST_CASE("lease: another's longer duration is respected, an absurd one bounded, a shorter one not trusted") {
  LeaseRules rules("me", {});
  rules.observed({"you", 60, "a", "r", 0}, 0);
  CHECK_FALSE(rules.may_take(59'999));
  CHECK(rules.may_take(60'000));
  rules.observed({"you", 1'000'000'000, "a", "r", 0}, 0);
  CHECK(rules.may_take(3'600'000));
  rules.observed({"you", -5, "a", "r", 0}, 0);
  CHECK_FALSE(rules.may_take(14'999));
}

TEST_CASE("lease: leading ends a renew deadline after the last accepted write was begun") {
  LeaseRules rules("me", {});
  rules.observed(held_by("", "r"), 0);
  const auto claim = rules.claim(1'700'000'000'123);
  CHECK(claim.holder == "me");
  CHECK(claim.duration_seconds == 15);
  CHECK(claim.transitions == 4);
  CHECK(claim.acquire_time == claim.renew_time);
  CHECK_FALSE(rules.leads(0));
  rules.claimed(claim, 100, 3'000);
  CHECK(rules.leads(10'099));
  CHECK_FALSE(rules.leads(10'100));
  CHECK(rules.leading_until() == 10'100);

  const auto renewal = rules.claim(1'700'000'002'123);
  CHECK(renewal.transitions == 4);
  CHECK(renewal.acquire_time == claim.acquire_time);
  CHECK(renewal.renew_time != claim.renew_time);
}

TEST_CASE("lease: seeing another as its holder ends leading at once") {
  LeaseRules rules("me", {});
  rules.claimed(held_by("me", "r"), 0, 0);
  CHECK(rules.leads(1));
  rules.observed(held_by("you", "r"), 2);
  CHECK_FALSE(rules.leads(2));
}

TEST_CASE("lease: a released one is free for the next at once") {
  LeaseRules rules("me", {});
  CHECK_FALSE(rules.release(0));
  rules.claimed(held_by("me", "r"), 0, 0);
  const auto released = rules.release(1'000);
  REQUIRE(released);
  CHECK(released->holder.empty());
  CHECK(released->duration_seconds == 1);
  LeaseRules other("you", {});
  other.observed(*released, 0);
  CHECK(other.may_take(0));
}

TEST_CASE("lease: of two candidates never both lead, whatever their clocks' origins") {
  // One is cut off from the server right after a renewal; the other watches it with a clock of other origin.
  const LeaseTimes times;
  LeaseRules a("a", times);
  LeaseRules b("b", times);
  a.claimed(held_by("a", "r"), 1'000, 1'050);
  const std::int64_t b_origin = 900'000'000;
  b.observed(held_by("a", "r"), b_origin + 1'040);  // the earliest moment at which b can see it
  for (std::int64_t t = 1'050; t < 40'000; t += 10) {
    const bool b_takes = b.may_take(b_origin + t);
    CHECK_FALSE((a.leads(t) && b_takes));
  }
}

TEST_CASE("lease: into JSON and back, foreign members stay") {
  nlohmann::json lease{{"metadata", {{"name", "l"}}}, {"spec", {{"strategy", "x"}}}};
  const auto record = held_by("me", "r");
  write_lease(lease, record);
  CHECK(read_lease(lease) == record);
  CHECK(lease["spec"]["strategy"] == "x");
  CHECK(read_lease(nlohmann::json::object()) == LeaseRecord{});
}

TEST_CASE("micro time") {
  CHECK(micro_time(1'715'000'889'123) == "2024-05-06T13:08:09.123000Z");
}
