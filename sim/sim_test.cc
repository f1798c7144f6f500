#include <doctest/doctest.h>

#include <string>

#include "sim/world.h"

namespace rmq::sim {
namespace {

Outcome run(std::uint64_t seed, const Options& options) {
  World world(seed, options);
  return world.run();
}

TEST_CASE("the invariants hold in every mode") {
  for (const Mode mode : {Mode::kAsync, Mode::kSync, Mode::kQuorum}) {
    CAPTURE(std::string(to_string(mode)));
    Options options;
    options.mode = mode;
    std::int64_t acknowledged = 0;
    int elections = 0;
    for (std::uint64_t seed = 1; seed <= 150; ++seed) {
      CAPTURE(seed);
      const Outcome outcome = run(seed, options);
      CHECK(outcome.violation == "");
      acknowledged += outcome.acknowledged;
      elections += outcome.master_epoch;
    }
    // A simulation in which nothing happens proves nothing.
    CHECK(acknowledged > 5000);
    CHECK(elections > 200);
  }
}

// Rare ones, found on the way to a million; each is a transcript of the rules, too.
TEST_CASE("schedules that once failed") {
  for (const std::uint64_t seed : {224212, 371065, 450112, 454517, 861626, 873339}) {
    CAPTURE(seed);
    CHECK(run(seed, {}).violation == "");
  }
}

TEST_CASE("a seed replays exactly") {
  const Options options;
  for (std::uint64_t seed = 1000; seed < 1040; ++seed) {
    CAPTURE(seed);
    CHECK(run(seed, options) == run(seed, options));
  }
  Options with_bug;
  with_bug.bug = *find_bug("7689");
  for (std::uint64_t seed = 1; seed < 60; ++seed) CHECK(run(seed, with_bug) == run(seed, with_bug));
}

TEST_CASE("every known mistake is found") {
  CHECK_FALSE(find_bug("1").has_value());
  for (const auto& known : known_bugs()) {
    CAPTURE(std::string(known.issue));
    Options options;
    options.bug = *find_bug(known.issue);
    std::uint64_t seed = 1;
    while (seed <= 10'000 && run(seed, options).violation.empty()) ++seed;
    CHECK(seed <= 10'000);
  }
}

}  // namespace
}  // namespace rmq::sim
