#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "operator/kube/event_loop.h"

using namespace rmq::kube;
using std::chrono::milliseconds;

TEST_CASE("loop: what is posted by a task stays before what another thread posts afterwards") {
  EventLoop loop;
  for (int round = 0; round < 200; ++round) {
    std::vector<int> order;
    std::atomic<bool> posted{false};
    loop.post([&] {
      loop.post([&] { order.push_back(1); });
      posted = true;
      posted.notify_all();
    });
    posted.wait(false);
    loop.run_and_wait([&] { order.push_back(2); });
    CHECK(order == std::vector<int>{1, 2});
  }
}

TEST_CASE("loop: timers run once, in time's order, unless cancelled") {
  EventLoop loop;
  std::vector<int> order;
  std::atomic<bool> done{false};
  loop.run_and_wait([&] {
    loop.run_after(milliseconds(20), [&] {
      order.push_back(2);
      done = true;
      done.notify_all();
    });
    loop.run_after(milliseconds(1), [&] { order.push_back(1); });
    loop.cancel_timer(loop.run_after(milliseconds(1), [&] { order.push_back(3); }));
  });
  done.wait(false);
  loop.shut_down();
  CHECK(order == std::vector<int>{1, 2});
}

TEST_CASE("loop: shutting down drops timers and refuses tasks") {
  EventLoop loop;
  loop.run_after(std::chrono::hours(1), [] { FAIL("ran"); });
  loop.shut_down();
  CHECK_FALSE(loop.post([] { FAIL("ran"); }));
  loop.run_and_wait([] { FAIL("ran"); });
  loop.shut_down();
}

TEST_CASE("loop: a task that throws does not end it") {
  EventLoop loop;
  loop.post([] { throw std::runtime_error("bug"); });
  bool ran = false;
  loop.run_and_wait([&] { ran = true; });
  CHECK(ran);
}
