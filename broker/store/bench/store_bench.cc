// What storing a message costs, without network: threads encode bursts, append them, and wait for the results.
//   store_bench [folder] [seconds]
#include <sys/resource.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <semaphore>
#include <thread>
#include <vector>

#include "broker/store/message_store.h"
#include "common/base/log.h"

namespace {

using namespace rmq;
using namespace rmq::store;

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Sender : AppendListener {
  std::counting_semaphore<64> room{4};  // bursts in flight
  std::atomic<long> done{0};
  void on_appended(std::unique_ptr<AppendBatch> batch) noexcept override {
    if (batch->status == AppendStatus::kOk) done += static_cast<long>(batch->records().size());
    room.release();
  }
};

void run(const std::string& root, const char* name, FlushMode mode, std::size_t body_size, int threads, int burst,
         double seconds) {
  std::filesystem::remove_all(root);
  SystemClock clock;
  StoreOptions options;
  options.root = root;
  options.flush_mode = mode;
  options.disk_full_percent = 101;
  auto opened = MessageStore::open(options, clock);
  if (!opened) {
    std::fprintf(stderr, "%s\n", opened.error().message.c_str());
    std::exit(1);
  }
  auto& store = **opened;
  const std::string host("\x7f\0\0\1\0\0\x2a\x9f", 8);
  const std::string body(body_size, 'b');
  std::vector<Sender> senders(static_cast<std::size_t>(threads));
  std::atomic<bool> stop{false};
  const auto cpu_before = cpu_seconds();
  const auto begin = std::chrono::steady_clock::now();
  std::vector<std::thread> workers;
  for (int t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      auto& sender = senders[static_cast<std::size_t>(t)];
      TopicQueue* queues[8];
      for (int q = 0; q < 8; ++q) queues[q] = &store.queue("BenchmarkTopic", q);
      long number = 0;
      char unique[64];
      while (!stop) {
        sender.room.acquire();
        auto batch = std::make_unique<AppendBatch>();
        batch->listener = &sender;
        for (int i = 0; i < burst; ++i) {
          const int size = std::snprintf(unique, sizeof unique,
                                         "UNIQ_KEY\x01"
                                         "7F0000010%03d%020ld\x02WAIT\x01true\x02",
                                         t, number);
          protocol::MessageRecord record;
          record.born_timestamp = 1;
          record.born_host = host;
          record.store_host = host;
          record.body = body;
          record.properties = {unique, static_cast<std::size_t>(size)};
          (void)batch->add(*queues[number++ % 8], record,
                           {.more_properties = "CLUSTER\x01"
                                               "DefaultCluster\x02"});
        }
        while (store.append(batch) != AppendStatus::kOk) std::this_thread::yield();
      }
      for (int i = 0; i < 4; ++i) sender.room.acquire();
    });
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop = true;
  for (auto& worker : workers) worker.join();
  const auto elapsed = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  while (store.dispatcher().position() < store.log().max_offset()) std::this_thread::yield();
  const auto cpu = cpu_seconds() - cpu_before;
  long done = 0;
  for (auto& sender : senders) done += sender.done;
  std::printf("%-28s %9.0f msg/s  %6.2f us CPU/msg  %5.1f msg/write  %ld flushes\n", name,
              static_cast<double>(done) / elapsed, cpu / static_cast<double>(done) * 1e6,
              static_cast<double>(done) / static_cast<double>(std::max<long>(1, store.stats().writes.load())),
              static_cast<long>(store.stats().flushes.load()));
  std::fflush(stdout);
  if (!store.close()) std::printf("close failed\n");
  opened->reset();
  std::filesystem::remove_all(root);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string root = std::string(argc > 1 ? argv[1] : "/tmp") + "/store-bench";
  const double seconds = argc > 2 ? std::atof(argv[2]) : 2;
  rmq::log::set_level(rmq::log::Level::kWarn);
  run(root, "async 128 B, 2 x 64", FlushMode::kAsync, 128, 2, 64, seconds);
  run(root, "async 1 KiB, 2 x 64", FlushMode::kAsync, 1024, 2, 64, seconds);
  run(root, "async 1 KiB, 4 x 16", FlushMode::kAsync, 1024, 4, 16, seconds);
  run(root, "async 1 KiB, 1 x 1", FlushMode::kAsync, 1024, 1, 1, seconds);
  run(root, "sync  1 KiB, 2 x 64", FlushMode::kSync, 1024, 2, 64, seconds);
  run(root, "sync  128 B, 1 x 1", FlushMode::kSync, 128, 1, 1, seconds);
  return 0;
}
