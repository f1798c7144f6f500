#include "broker/pull/pull_hold.h"

#include <doctest/doctest.h>

#include <condition_variable>
#include <deque>

using namespace rmq;
using namespace rmq::broker;

namespace {

struct Woken {
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<std::int32_t> ids;

  PullHold::Wake callback() {
    return [this](HeldPull&& pull) {
      std::lock_guard lock(mutex);
      ids.push_back(pull.request.opaque);
      changed.notify_all();
    };
  }
  bool wait_for(std::size_t count) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, std::chrono::seconds(5), [&] { return ids.size() >= count; });
  }
};

HeldPull pull_of(const store::TopicQueue& queue, std::int32_t id, std::int64_t offset, std::int64_t deadline_ms,
                 std::vector<std::int64_t> codes = {}) {
  HeldPull pull;
  pull.request.opaque = id;
  pull.queue = &queue;
  pull.offset = offset;
  pull.deadline_ms = deadline_ms;
  pull.filter.codes = std::move(codes);
  return pull;
}

constexpr std::int64_t kFar = 1'000'000'000;

}  // namespace

TEST_CASE("pull hold: an arrival wakes those who wait for it, and nobody else") {
  SystemClock clock;
  Woken woken;
  PullHold hold(clock, 100, woken.callback());
  store::TopicQueueTable table;
  auto& a = table.find_or_create("A", 0);
  auto& b = table.find_or_create("B", 0);
  const auto far = clock.monotonic_ms() + kFar;
  REQUIRE(hold.hold(pull_of(a, 1, 0, far)));
  REQUIRE(hold.hold(pull_of(a, 2, 5, far)));        // waits for a later one
  REQUIRE(hold.hold(pull_of(a, 3, 0, far, {42})));  // for another tag
  REQUIRE(hold.hold(pull_of(b, 4, 0, far)));
  CHECK(hold.held() == 4);
  hold.on_arrival(a, 0, 7);
  REQUIRE(woken.wait_for(1));
  CHECK(woken.ids.front() == 1);
  CHECK(hold.held() == 3);
  hold.on_arrival(a, 1, 42);
  REQUIRE(woken.wait_for(2));
  CHECK(woken.ids.back() == 3);
  hold.stop();
  CHECK(woken.ids.size() == 4);
}

TEST_CASE("pull hold: the deadline wakes without a message") {
  SystemClock clock;
  Woken woken;
  PullHold hold(clock, 100, woken.callback());
  store::TopicQueueTable table;
  auto& queue = table.find_or_create("A", 0);
  REQUIRE(hold.hold(pull_of(queue, 1, 0, clock.monotonic_ms() + kFar)));
  REQUIRE(hold.hold(pull_of(queue, 2, 0, clock.monotonic_ms() + 20)));
  REQUIRE(woken.wait_for(1));
  CHECK(woken.ids.front() == 2);
  CHECK(hold.held() == 1);
}

TEST_CASE("pull hold: it holds no more than it may") {
  SystemClock clock;
  Woken woken;
  PullHold hold(clock, 1, woken.callback());
  store::TopicQueueTable table;
  auto& queue = table.find_or_create("A", 0);
  CHECK(hold.hold(pull_of(queue, 1, 0, clock.monotonic_ms() + kFar)));
  CHECK_FALSE(hold.hold(pull_of(queue, 2, 0, clock.monotonic_ms() + kFar)));
}
