#include <doctest/doctest.h>

#include "operator/kube/backoff.h"

using namespace rmq::kube;
using std::chrono::milliseconds;

TEST_CASE("backoff: from 0.8 s, doubling, never beyond 30 s") {
  CHECK(backoff_delay({}, 0, 0) == milliseconds(800));
  CHECK(backoff_delay({}, 1, 0) == milliseconds(1600));
  CHECK(backoff_delay({}, 1, 0.5) == milliseconds(2000));
  CHECK(backoff_delay({}, 4'000'000'000U, 0) == milliseconds(20'000));
  CHECK(backoff_delay({}, 60, 0.999) <= milliseconds(30'000));
}

TEST_CASE("backoff: every delay lies within the limits, and success starts over") {
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    Backoff backoff({}, seed);
    for (int i = 0; i < 20; ++i) {
      const auto delay = backoff.next();
      CHECK(delay >= milliseconds(800));
      CHECK(delay <= milliseconds(30'000));
    }
    backoff.reset();
    CHECK(backoff.next() <= milliseconds(1200));
  }
}
