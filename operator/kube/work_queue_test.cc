#include <doctest/doctest.h>

#include <atomic>
#include <map>

#include "operator/kube/work_queue.h"

using namespace rmq;
using namespace rmq::kube;
using std::chrono::milliseconds;

namespace {
const BackoffLimits kRetry{milliseconds(100), milliseconds(10'000)};
}

TEST_CASE("queue: a key waits once, in the order of its first adding") {
  QueueState queue(kRetry);
  for (const auto* key : {"a", "b", "a", "c", "b"}) queue.add(key);
  CHECK(queue.waiting() == 3);
  CHECK(queue.take(0) == "a");
  CHECK(queue.take(0) == "b");
  CHECK(queue.take(0) == "c");
  CHECK_FALSE(queue.take(0));
}

TEST_CASE("queue: a key added while it is worked on comes again after it is done, not before") {
  QueueState queue(kRetry);
  queue.add("a");
  REQUIRE(queue.take(0) == "a");
  queue.add("a");
  queue.add("a");
  CHECK_FALSE(queue.take(0));
  queue.done("a");
  CHECK(queue.take(0) == "a");
  queue.done("a");
  CHECK_FALSE(queue.take(0));
  queue.done("a");  // once too often: nothing
  CHECK(queue.working() == 0);
}

TEST_CASE("queue: delayed keys come when due, the earliest time counts, adding at once overtakes") {
  QueueState queue(kRetry);
  queue.add_at("late", 100);
  queue.add_at("late", 50);
  queue.add_at("late", 70);
  queue.add_at("other", 60);
  CHECK(queue.next_due() == 50);
  CHECK_FALSE(queue.take(49));
  CHECK(queue.take(50) == "late");
  queue.add("other");
  CHECK(queue.delayed() == 0);
  CHECK(queue.take(50) == "other");
  CHECK_FALSE(queue.take(1000));
}

TEST_CASE("queue: retries grow per key and start over when forgotten") {
  QueueState queue(kRetry);
  std::int64_t last = 0;
  for (int i = 0; i < 6; ++i) {
    const auto due = queue.retry("a", 0);
    CHECK(due > last);
    last = due;
    CHECK(queue.take(due) == "a");
    queue.done("a");
  }
  CHECK(last >= 3200);
  CHECK(queue.failures("a") == 6);
  CHECK(queue.retry("b", 0) <= 150);
  queue.forget("a");
  CHECK(queue.retry("a", 0) <= 150);
}

TEST_CASE("workers: every key is worked on, never twice at a time, failures again") {
  SystemClock clock;
  WorkQueue queue(clock, {milliseconds(1), milliseconds(5)});
  std::mutex mutex;
  std::condition_variable changed;
  std::map<std::string, int> runs;
  std::map<std::string, int> inside;
  bool overlapped = false;
  {
    Workers workers(queue, 3, [&](const std::string& key) -> Result<std::optional<milliseconds>> {
      std::unique_lock lock(mutex);
      if (++inside[key] > 1) overlapped = true;
      lock.unlock();
      std::this_thread::yield();
      lock.lock();
      --inside[key];
      const int run = ++runs[key];
      changed.notify_all();
      if (key == "fails" && run < 4) return fail(ErrorKind::kUnavailable, "not yet");
      if (key == "throws" && run < 2) throw std::runtime_error("bug");
      if (key == "periodic" && run < 5) return milliseconds(1);
      return std::nullopt;
    });
    for (int i = 0; i < 300; ++i) queue.add("k" + std::to_string(i % 7));
    for (const auto* key : {"fails", "throws", "periodic"}) queue.add(key);
    std::unique_lock lock(mutex);
    CHECK(changed.wait_for(lock, std::chrono::seconds(30), [&] {
      return runs["fails"] == 4 && runs["throws"] == 2 && runs["periodic"] == 5 && runs.size() == 10;
    }));
  }
  CHECK_FALSE(overlapped);
}

TEST_CASE("work queue: shutting down wakes whoever waits") {
  SystemClock clock;
  WorkQueue queue(clock);
  queue.add_after("never", std::chrono::hours(1));
  std::thread waiter([&] { CHECK_FALSE(queue.take()); });
  queue.shut_down();
  waiter.join();
  queue.add("late");
  CHECK(queue.size() == 0);
}
