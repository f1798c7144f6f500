// The counterpart of HaProbe.java: same commands, same answers.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdio>
#include <iostream>
#include <mutex>
#include <sstream>
#include <string>

#include "broker/replication/replication.h"
#include "common/base/crc32.h"
#include "common/base/log.h"

namespace {

using namespace rmq;
using namespace rmq::replication;

class Count final : public store::AppendListener {
 public:
  void on_appended(std::unique_ptr<store::AppendBatch> batch) noexcept override {
    std::lock_guard lock(mutex_);
    acknowledged_ += batch->status == store::AppendStatus::kOk;
    ++answered_;
    changed_.notify_all();
  }
  int wait(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return answered_ >= count; });
    return acknowledged_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int answered_ = 0, acknowledged_ = 0;
};

int put(store::MessageStore& store, int count) {
  const std::string host("\x7f\0\0\1\0\0\x2a\x9f", 8);
  Count done;
  int taken = 0;
  for (int i = 0; i < count; ++i) {
    const auto body = "ours-" + std::to_string(i) + "-" + std::string(static_cast<std::size_t>(i % 700), 'o');
    protocol::MessageRecord record;
    record.born_timestamp = SystemClock().wall_ms();
    record.born_host = record.store_host = host;
    record.body = body;
    auto batch = std::make_unique<store::AppendBatch>();
    batch->listener = &done;
    batch->wait_for = store::kWaitReplicas;
    if (!batch->add(store.queue("T", i % 3), record)) return -1;
    if (store.append(batch) == store::AppendStatus::kOk) ++taken;
  }
  return done.wait(taken);
}

std::string sum(const store::MessageStore& store) {
  const auto& log = store.log();
  std::string bytes;
  for (auto at = log.min_offset(); at < log.max_offset(); at = log.next_file_start(at)) {
    bytes += log.read_to_limit(at, UINT64_MAX).bytes;
  }
  return std::to_string(log.min_offset()) + "-" + std::to_string(log.max_offset()) + ":" + std::to_string(crc32(bytes));
}

std::string epochs(const Replication& replication) {
  std::string text;
  for (const auto& span : replication.epochs()) {
    text += (text.empty() ? "" : " ") + std::to_string(span.epoch) + "-" + std::to_string(span.start);
  }
  return text;
}

std::string said(const Status& status) {
  return status ? "ok" : status.error().message;
}

std::string obey(const std::string& line, store::MessageStore& store, Replication& replication, const Clock& clock) {
  std::istringstream in(line);
  std::string word, address;
  std::int32_t epoch = 0;
  std::int64_t id = 0, master = 0;
  int count = 0;
  in >> word;
  if (word == "master") {
    in >> epoch >> id;
    return said(replication.become_master(
        {.epoch = epoch, .own_id = id, .sync_set = {id}, .set_epoch = 1, .lease_from_ms = clock.monotonic_ms()}));
  }
  if (word == "slave") {
    in >> epoch >> id >> master >> address;
    return said(
        replication.become_slave({.epoch = epoch, .own_id = id, .master_id = master, .master_ha_address = address}));
  }
  if (word == "classic-master") return said(replication.become_classic_master());
  if (word == "classic-slave") {
    in >> address;
    return said(replication.become_classic_slave(address));
  }
  if (word == "put") {
    in >> count;
    return std::to_string(put(store, count));
  }
  if (word == "end") return std::to_string(store.log().max_offset());
  if (word == "port") return std::to_string(replication.port());
  if (word == "epochs") return epochs(replication);
  if (word == "sum") return sum(store);
  return "bye";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: ha_probe ROOT classic|epochs\n", stderr);
    return 2;
  }
  const std::string root = argv[1];
  const SystemClock clock;
  store::StoreOptions store_options;
  store_options.root = root;
  store_options.commit_log_file_bytes = 64 * 1024;
  store_options.consume_queue_file_bytes = 100 * 20;
  store_options.index_slots = 1000;
  store_options.index_entries = 4000;
  store_options.disk_full_percent = store_options.disk_clean_percent = store_options.disk_clean_forcibly_percent = 101;
  store_options.slave_timeout_ms = 1'000;
  store_options.start_as_replica = true;
  auto store = store::MessageStore::open(store_options, clock);
  if (!store) {
    log::error("open", {{"error", store.error()}});
    return 1;
  }
  Replication* facade = nullptr;
  ReplicationOptions options;
  options.protocol = std::string(argv[2]) == "classic" ? HaProtocol::kClassic : HaProtocol::kAutoSwitch;
  options.mode = Mode::kSync;
  options.listen_host = "127.0.0.1";
  options.heartbeat_ms = 500;
  options.epoch_file = root + "/epochFileCheckpoint";
  options.promise_file = root + "/promisedEpochs";
  // A Controller that grants everything.
  options.propose_sync_set = [&](const Proposal& wish) { facade->on_sync_set(wish.set, wish.set_epoch + 1); };
  {
    Replication replication(**store, options, clock);
    facade = &replication;
    if (auto started = replication.start(); !started) {
      log::error("start", {{"error", started.error()}});
      return 1;
    }
    for (std::string line; std::getline(std::cin, line);) {
      const auto answer = obey(line, **store, replication, clock);
      std::cout << answer << std::endl;
      if (answer == "bye") break;
    }
  }
  return (*store)->close() ? 0 : 1;
}
