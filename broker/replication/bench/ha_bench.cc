// What replication costs: a master and a slave in one process, over loopback, with so many sends in flight.
//   ha_bench DIR [in flight] [message bytes] [seconds]
// Prints messages a second without slave, asynchronous with one, synchronous, and the former two again.
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>

#include "broker/replication/replication.h"
#include "common/base/log.h"

namespace {

using namespace rmq;
using namespace rmq::replication;

// Keeps `window` messages in flight.
class Sender final : public store::AppendListener {
 public:
  Sender(store::MessageStore& store, int window, std::size_t size) : store_(store), window_(window), body_(size, 'x') {}

  void on_appended(std::unique_ptr<store::AppendBatch> batch) noexcept override {
    std::lock_guard lock(mutex_);
    if (batch->status == store::AppendStatus::kOk) ++acknowledged_;
    --flying_;
    changed_.notify_one();
  }

  double run(double seconds) {
    const std::string host("\x7f\0\0\1\0\0\x2a\x9f", 8);
    const auto began = std::chrono::steady_clock::now();
    const auto passed = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count(); };
    for (int i = 0; passed() < seconds; ++i) {
      {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return flying_ < window_; });
        ++flying_;
      }
      protocol::MessageRecord record;
      record.born_timestamp = 1;
      record.born_host = record.store_host = host;
      record.body = body_;
      auto batch = std::make_unique<store::AppendBatch>();
      batch->listener = this;
      batch->wait_for = store::kWaitReplicas;
      if (!batch->add(store_.queue("T", i % 8), record)) std::abort();
      if (store_.append(batch) != store::AppendStatus::kOk) {
        std::lock_guard lock(mutex_);
        --flying_;
      }
    }
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return flying_ == 0; });
    return static_cast<double>(acknowledged_) / passed();
  }

 private:
  store::MessageStore& store_;
  const int window_;
  const std::string body_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int flying_ = 0;
  std::int64_t acknowledged_ = 0;
};

std::unique_ptr<store::MessageStore> open(const std::string& root, const Clock& clock) {
  std::filesystem::remove_all(root);
  store::StoreOptions options;
  options.root = root;
  options.commit_log_file_bytes = 256 << 20;
  options.start_as_replica = true;
  auto store = store::MessageStore::open(options, clock);
  if (!store) {
    log::error("open", {{"error", store.error()}});
    std::exit(1);
  }
  return std::move(*store);
}

ReplicationOptions options_for(const std::string& root, Mode mode) {
  ReplicationOptions options;
  options.protocol = HaProtocol::kAutoSwitch;
  options.mode = mode;
  options.listen_host = "127.0.0.1";
  options.epoch_file = root + "/epochFileCheckpoint";
  options.promise_file = root + "/promisedEpochs";
  return options;
}

void measure(const char* name, const std::string& directory, Mode mode, bool with_slave, int window, std::size_t size,
             double seconds) {
  const SystemClock clock;
  const auto one = directory + "/one", two = directory + "/two";
  auto master_store = open(one, clock), slave_store = open(two, clock);
  double rate = 0;
  std::uint64_t lag = 0;
  {
    Replication master(*master_store, options_for(one, mode), clock),
        slave(*slave_store, options_for(two, mode), clock);
    if (!master.start() || !slave.start()) std::exit(1);
    const std::set<BrokerId> set = with_slave ? std::set<BrokerId>{1, 2} : std::set<BrokerId>{1};
    if (!master.become_master({.epoch = 1, .own_id = 1, .sync_set = set, .set_epoch = 1})) std::exit(1);
    if (with_slave) {
      const auto address = "127.0.0.1:" + std::to_string(master.port());
      if (!slave.become_slave({.epoch = 1, .own_id = 2, .master_id = 1, .master_ha_address = address})) std::exit(1);
      while (!slave.status().connected) std::this_thread::yield();
    }
    Sender warm_up(*master_store, window, size), sender(*master_store, window, size);
    warm_up.run(0.3);
    rate = sender.run(seconds);
    lag = with_slave ? master_store->log().max_offset() - slave_store->log().max_offset() : 0;
  }
  std::printf("%-24s %9.0f messages/s, %6.1f MB/s, slave behind by %llu bytes at the end\n", name, rate,
              rate * static_cast<double>(size) / 1e6, static_cast<unsigned long long>(lag));
  std::fflush(stdout);
  (void)master_store->close();
  (void)slave_store->close();
  std::filesystem::remove_all(one);
  std::filesystem::remove_all(two);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: ha_bench DIR [in flight] [message bytes] [seconds]\n", stderr);
    return 2;
  }
  log::set_level(log::Level::kError);
  const std::string directory = argv[1];
  const int window = argc > 2 ? std::atoi(argv[2]) : 256;
  const auto size = static_cast<std::size_t>(argc > 3 ? std::atoi(argv[3]) : 1024);
  const double seconds = argc > 4 ? std::atof(argv[4]) : 3;
  measure("alone", directory, Mode::kAsync, false, window, size, seconds);
  for (int round = 0; round < 2; ++round) {
    measure("asynchronous", directory, Mode::kAsync, true, window, size, seconds);
    measure("synchronous", directory, Mode::kSync, true, window, size, seconds);
  }
  return 0;
}
