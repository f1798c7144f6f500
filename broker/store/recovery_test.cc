#include "broker/store/recovery.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>

#include "broker/store/fault_ops.h"
#include "broker/store/store_test_util.h"

namespace rmq::store {
namespace {

using namespace testing;
using rmq::testing::TempDir;
namespace fs = std::filesystem;

// The folder as a killed process would leave it.
void copy_store(const std::string& from, const std::string& to) {
  fs::remove_all(to);
  fs::copy(from, to, fs::copy_options::recursive);
}

void overwrite(const std::string& path, std::uint64_t offset, std::string_view bytes) {
  UniqueFd fd(::open(path.c_str(), O_RDWR));
  REQUIRE(fd);
  REQUIRE(pwrite_all(fd.get(), bytes, offset));
}

TEST_CASE("a record torn at any byte ends the log, and its offset is given out again") {
  TempDir dir;
  ManualClock clock;
  const auto options = small_options(dir / "store");
  auto store = open_store(options, clock);
  auto& queue = store->queue("T", 0);
  const std::vector<std::string> kept = {"one", "two", "three"};
  for (const auto& body : kept) put(*store, queue, body, "UNIQ_KEY\x01" + body + "\x02");
  const auto last = put(*store, queue, "torn", "UNIQ_KEY\x01torn\x02");
  const auto size = store->log().max_offset() - static_cast<std::uint64_t>(last.physical_offset);
  dispatch_all(*store);
  const auto file = "/commitlog/" + offset_file_name(0);
  auto copied = options;
  copied.root = dir / "copy";
  FaultOps ops;  // does not sync: quicker
  for (std::uint64_t cut = 0; cut < size; ++cut) {
    copy_store(options.root, copied.root);
    // Unwritten places hold zeros; anything else is found where a length or the checksum covers it.
    const char fill = cut % 2 == 0 && cut < 90 ? '\xee' : '\0';
    overwrite(copied.root + file, static_cast<std::uint64_t>(last.physical_offset) + cut,
              std::string(size - cut, fill));
    auto again = open_store(copied, clock, ops);
    CHECK(again->recovered_from_crash());
    CHECK(again->log().max_offset() == static_cast<std::uint64_t>(last.physical_offset));
    CHECK(bodies(*again, "T", 0) == kept);
    CHECK(again->query("T", "torn", 10, 0, INT64_MAX).records.empty());
    CHECK(again->query("T", "two", 10, 0, INT64_MAX).records.size() == 1);
    if (cut % 16 != 0) continue;
    const auto placed = put(*again, again->queue("T", 0), "new");
    CHECK(placed.queue_offset == 3);
    CHECK(placed.physical_offset == last.physical_offset);
    // Nothing of the torn record is left behind the new one.
    dispatch_all(*again);
    CHECK(again->close());
    auto log = read_file(copied.root + file);
    CHECK(log->substr(again->log().max_offset()).find_first_not_of('\0') == std::string::npos);
  }
}

TEST_CASE("after a crash only what was not checkpointed is looked at (467, 678)") {
  TempDir dir;
  ManualClock clock;
  const auto options = small_options(dir / "store");
  auto store = open_store(options, clock);
  std::vector<std::string> sent;
  const auto send = [&](int count) {
    for (int i = 0; i < count; ++i) {
      sent.push_back(std::to_string(sent.size()) + std::string(500, 'z'));
      put(*store, store->queue("T", static_cast<int>(sent.size()) % 3), sent.back(),
          "UNIQ_KEY\x01"
          "k" +
              std::to_string(sent.size() - 1) + "\x02");
    }
  };
  send(500);
  dispatch_all(*store);
  REQUIRE(store->checkpoint());
  send(40);
  dispatch_all(*store);
  send(10);  // not even dispatched: queue offsets still follow them (7689)
  auto copied = options;
  copied.root = dir / "copy";
  const auto check = [&](std::uint64_t least, std::uint64_t most) {
    auto again = open_store(copied, clock);
    CHECK(again->recovered().records_checked >= least);
    CHECK(again->recovered().records_checked <= most);
    std::size_t found = 0;
    for (int q = 0; q < 3; ++q) {
      CHECK(again->queue("T", q).next_offset() == again->queue("T", q).max_offset());
      found += bodies(*again, "T", q).size();
    }
    CHECK(found == sent.size());
    for (int key : {0, 100, 499, 500, 549}) {
      CHECK(again->query("T", "k" + std::to_string(key), 10, 0, INT64_MAX).records.size() == 1);
    }
  };
  copy_store(options.root, copied.root);
  check(51, 51);
  // Lost consume queues or index are built again from the log.
  copy_store(options.root, copied.root);
  fs::remove_all(copied.root + "/consumequeue");
  fs::remove_all(copied.root + "/index");
  fs::remove(copied.root + "/checkpoint");
  check(550, 550);
  copy_store(options.root, copied.root);
  fs::remove(copied.root + "/checkpoint");
  check(550, 550);
  // A clean stop looks at the last record only.
  REQUIRE(store->close());
  copy_store(options.root, copied.root);
  check(1, 1);
  copy_store(options.root, copied.root);
  fs::remove_all(copied.root + "/consumequeue");
  auto again = open_store(copied, clock);
  CHECK(again->recovered().records_checked == 550);
}

TEST_CASE("queue offsets are never given out twice and never fall to 0 (4215, 7689)") {
  TempDir dir;
  ManualClock clock;
  const auto options = small_options(dir / "store");
  {
    auto store = open_store(options, clock);
    for (int i = 0; i < 10; ++i) put(*store, store->queue("T", 0), "x");
    dispatch_all(*store);
  }
  fs::remove_all(options.root + "/commitlog");  // by hand, or a lost volume
  {
    auto store = open_store(options, clock);
    CHECK(store->queue("T", 0).max_offset() == 10);
    CHECK(store->queue("T", 0).min_offset() == 10);
    CHECK(store->get(store->find_queue("T", 0), {}).status == GetStatus::kOffsetTooSmall);
    const auto placed = put(*store, store->queue("T", 0), "y");
    CHECK(placed.queue_offset == 10);
    CHECK(placed.physical_offset == 64 * 1024);
    dispatch_all(*store);
    CHECK(bodies(*store, "T", 0) == std::vector<std::string>{"y"});
  }
  // A consume queue that begins in the middle.
  fs::remove_all(options.root + "/consumequeue");
  auto store = open_store(options, clock);
  CHECK(store->queue("T", 0).min_offset() == 10);
  CHECK(store->queue("T", 0).max_offset() == 11);
  CHECK(bodies(*store, "T", 0) == std::vector<std::string>{"y"});
}

TEST_CASE("a power cut takes nothing that was acknowledged under synchronous flush") {
  TempDir dir;
  ManualClock clock;
  std::mt19937 random(7);
  for (int seed = 0; seed < 12; ++seed) {
    std::vector<std::string> acknowledged[3];
    std::string root = dir / ("s" + std::to_string(seed) + "-0");
    int number = 0;
    for (int life = 0; life < 4; ++life) {
      FaultOps ops;
      auto options = small_options(root);
      options.flush_mode = FlushMode::kSync;
      auto store = open_store(options, clock, ops);
      Collector collector;
      // Everything acknowledged in former lives is there, at its place.
      for (int q = 0; q < 3; ++q) {
        auto found = bodies(*store, "T", q);
        REQUIRE(found.size() >= acknowledged[q].size());
        for (std::size_t i = 0; i < acknowledged[q].size(); ++i) CHECK(found[i] == acknowledged[q][i]);
        acknowledged[q] = found;  // what came through unacknowledged stays from now on
        CHECK(store->queue("T", q).next_offset() == static_cast<std::int64_t>(found.size()));
      }
      std::vector<std::string> pending[3];
      const int steps = static_cast<int>(random() % 120) + 20;
      for (int step = 0; step < steps; ++step) {
        switch (random() % 10) {
          case 0: {
            REQUIRE(store->flush());
            for (int q = 0; q < 3; ++q) {
              acknowledged[q].insert(acknowledged[q].end(), pending[q].begin(), pending[q].end());
              pending[q].clear();
            }
            break;
          }
          case 1: dispatch_all(*store); break;
          case 2:
            if (random() % 3 == 0) {
              REQUIRE(store->checkpoint());
              for (int q = 0; q < 3; ++q) {
                acknowledged[q].insert(acknowledged[q].end(), pending[q].begin(), pending[q].end());
                pending[q].clear();
              }
            }
            break;
          default: {
            const auto q = static_cast<int>(random() % 3);
            auto body = std::to_string(number++) + std::string(random() % 900, 'p');
            auto batch = std::make_unique<AppendBatch>();
            batch->listener = &collector;
            REQUIRE(batch->add(store->queue("T", q), message(body)));
            REQUIRE(store->append(batch) == AppendStatus::kOk);
            pending[q].push_back(std::move(body));
            // Readers see nothing that a cut could take.
            CHECK(store->queue("T", q).max_offset() <= static_cast<std::int64_t>(acknowledged[q].size()));
          }
        }
      }
      const auto next = dir / ("s" + std::to_string(seed) + "-" + std::to_string(life + 1));
      ops.power_cut(root, next, random);
      store.reset();
      fs::remove_all(root);
      root = next;
    }
  }
}

TEST_CASE("kill -9 at any moment: every acknowledged message is there") {
  TempDir dir;
  SystemClock clock;
  constexpr int kThreads = 3;
  // Each thread of the child counts here what it was told to be stored.
  auto* acknowledged = static_cast<std::atomic<std::int64_t>*>(
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  std::mt19937 random(11);
  auto options = small_options(dir / "store");
  options.commit_log_file_bytes = 256 * 1024;
  options.start_threads = true;
  options.checkpoint_interval_ms = 20;
  for (int life = 0; life < 10; ++life) {
    options.flush_mode = life % 3 == 2 ? FlushMode::kSync : FlushMode::kAsync;
    const auto child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      auto store = MessageStore::open(options, clock);
      if (!store) ::_exit(1);
      struct Counter : AppendListener {
        std::atomic<std::int64_t>* count = nullptr;
        std::atomic<bool> free{true};
        void on_appended(std::unique_ptr<AppendBatch> batch) noexcept override {
          if (batch->status == AppendStatus::kOk) *count += static_cast<std::int64_t>(batch->records().size());
          free = true;
        }
      };
      std::vector<std::thread> threads;
      for (int t = 0; t < kThreads; ++t) {
        threads.emplace_back([&, t] {
          Counter counter;
          counter.count = &acknowledged[t];
          auto& queue = (*store)->queue("T", t);
          while (true) {
            const auto first = queue.next_offset();
            auto batch = std::make_unique<AppendBatch>();
            batch->listener = &counter;
            for (int i = 0; i < 3; ++i)
              (void)batch->add(queue, message(std::to_string(first + i) + std::string(300, 'k')));
            counter.free = false;
            if ((*store)->append(batch) != AppendStatus::kOk) ::_exit(2);
            while (!counter.free) std::this_thread::yield();
          }
        });
      }
      for (auto& thread : threads) thread.join();
      ::_exit(0);
    }
    ::usleep(30'000 + random() % 120'000);
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    REQUIRE(WIFSIGNALED(status));
    auto check = options;
    check.start_threads = false;
    auto store = open_store(check, clock);
    for (int t = 0; t < kThreads; ++t) {
      const auto found = bodies(*store, "T", t);
      CHECK(static_cast<std::int64_t>(found.size()) >= acknowledged[t].load());
      bool right = true;
      for (std::size_t i = 0; i < found.size(); ++i)
        right = right && found[i] == std::to_string(i) + std::string(300, 'k');
      CHECK(right);
      acknowledged[t] = static_cast<std::int64_t>(found.size());
    }
    if (life % 4 == 0) CHECK(store->close());
  }
  ::munmap(acknowledged, 4096);
}

}  // namespace
}  // namespace rmq::store
