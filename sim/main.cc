// rocketmq-sim: random faults against the rules of replication and election, from a seed.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <limits>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "sim/world.h"

namespace {

using rmq::sim::Mode;

struct Arguments {
  std::uint64_t seeds = 1000;
  std::uint64_t from = 1;
  std::optional<std::uint64_t> seed;
  unsigned jobs = 1;
  std::string again;  // the options that a failing seed needs again
  rmq::sim::Options options;
};

void print_help() {
  std::cout << "Usage: rocketmq-sim --seeds N [--from S] [--jobs J] [--mode async|sync|quorum] [--bug ISSUE]\n"
               "       rocketmq-sim --seed S [--trace] [--mode ..] [--bug ISSUE]\n"
               "Runs schedules of random faults against the rules of replication and election (docs/replication.md).\n"
               "  --seeds N    how many schedules (default 1000)\n"
               "  --from S     the first one's seed (default 1)\n"
               "  --seed S     only this one; the same seed replays exactly\n"
               "  --trace      with --seed: what happened, on standard output: time in ms, who, what\n"
               "  --mode M     only this mode (default: drawn from the seed)\n"
               "  --jobs J     threads (default 1)\n"
               "  --bug ISSUE  puts a mistake of the original back (its issue number):\n";
  for (const auto& bug : rmq::sim::known_bugs())
    std::cout << "                 " << bug.issue << "  " << bug.text << "\n";
  std::cout << "Exit status: 0 all invariants held; 1 one did not (the seed is printed); 2 wrong arguments.\n";
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// None: said what is wrong.
std::optional<Arguments> parse(int argc, char** argv) {
  Arguments arguments;
  const auto wrong = [](std::string_view what) {
    std::cerr << "rocketmq-sim: " << what << " (-h helps)\n";
    return std::nullopt;
  };
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--trace") {
      arguments.options.trace = true;
      continue;
    }
    if (i + 1 == argc) return wrong("unknown or without a value: " + std::string(name));
    const std::string_view value = argv[++i];
    if (name == "--mode") {
      if (value == "async") arguments.options.mode = Mode::kAsync;
      if (value == "sync") arguments.options.mode = Mode::kSync;
      if (value == "quorum") arguments.options.mode = Mode::kQuorum;
      if (!arguments.options.mode) return wrong("unknown mode " + std::string(value));
      arguments.again += " --mode " + std::string(value);
    } else if (name == "--bug") {
      const auto bug = rmq::sim::find_bug(value);
      if (!bug) return wrong("unknown bug " + std::string(value));
      arguments.options.bug = *bug;
      arguments.again += " --bug " + std::string(value);
    } else if (const auto n = number(value); !n) {
      return wrong("not a number: " + std::string(value));
    } else if (name == "--seeds") {
      arguments.seeds = *n;
    } else if (name == "--from") {
      arguments.from = *n;
    } else if (name == "--seed") {
      arguments.seed = *n;
    } else if (name == "--jobs") {
      arguments.jobs = static_cast<unsigned>(std::clamp<std::uint64_t>(*n, 1, 256));
    } else {
      return wrong("unknown option " + std::string(name));
    }
  }
  if (arguments.options.trace && !arguments.seed) return wrong("--trace wants --seed");
  if (arguments.seed) {
    arguments.from = *arguments.seed;
    arguments.seeds = 1;
  }
  return arguments;
}

// What all schedules together did.
struct Tally {
  std::mutex mutex;
  std::uint64_t acknowledged = 0;
  std::uint64_t events = 0;
  std::uint64_t beyond = 0;
  std::uint64_t worst_seed = std::numeric_limits<std::uint64_t>::max();  // the first failing one
  std::string violation;
};

void work(const Arguments& arguments, std::atomic<std::uint64_t>& next, std::atomic<std::uint64_t>& failed,
          Tally& tally) {
  std::uint64_t acknowledged = 0, events = 0, beyond = 0;
  const std::uint64_t end = arguments.from + arguments.seeds;
  // A failure ends the run once all earlier seeds are through: which seed is named does not depend on the threads.
  for (std::uint64_t seed = next++; seed < end && seed < failed; seed = next++) {
    if (seed > arguments.from && (seed - arguments.from) % 50'000 == 0) {
      std::fprintf(stderr, "%llu schedules begun\n", static_cast<unsigned long long>(seed - arguments.from));
    }
    rmq::sim::World world(seed, arguments.options);
    const auto outcome = world.run();
    acknowledged += static_cast<std::uint64_t>(outcome.acknowledged);
    events += outcome.events;
    beyond += outcome.beyond_promise ? 1 : 0;
    if (outcome.violation.empty()) continue;
    const std::lock_guard lock(tally.mutex);
    if (seed >= tally.worst_seed) continue;
    tally.worst_seed = seed;
    tally.violation = outcome.violation;
    failed = seed;
  }
  const std::lock_guard lock(tally.mutex);
  tally.acknowledged += acknowledged;
  tally.events += events;
  tally.beyond += beyond;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "-h" || name == "--help") {
      print_help();
      return 0;
    }
  }
  const auto arguments = parse(argc, argv);
  if (!arguments) return 2;

  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [start] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  };
  Tally tally;
  std::atomic<std::uint64_t> next = arguments->from;
  std::atomic<std::uint64_t> failed = std::numeric_limits<std::uint64_t>::max();
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < arguments->jobs; ++i) {
    threads.emplace_back([&] { work(*arguments, next, failed, tally); });
  }
  for (std::thread& thread : threads) thread.join();

  if (!tally.violation.empty()) {
    std::cout << "seed " << tally.worst_seed << ": " << tally.violation << "\n"
              << "replay: rocketmq-sim --seed " << tally.worst_seed << " --trace" << arguments->again << "\n";
    return 1;
  }
  std::printf(
      "%llu schedules from seed %llu: all invariants held; %llu records acknowledged, %llu events, %llu schedules "
      "went beyond a promise; %.1f s\n",
      static_cast<unsigned long long>(arguments->seeds), static_cast<unsigned long long>(arguments->from),
      static_cast<unsigned long long>(tally.acknowledged), static_cast<unsigned long long>(tally.events),
      static_cast<unsigned long long>(tally.beyond), seconds());
  return 0;
}
