// What tests of replication share: brokers reduced to a store and its replication, all in one process on loopback.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "broker/replication/replication.h"
#include "broker/store/store_test_util.h"
#include "common/testing/temp_dir.h"

namespace rmq::replication::testing {

// Looks until it is so; five seconds, then the test has failed.
inline bool eventually(const std::function<bool()>& condition, std::int64_t limit_ms = 5'000) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(limit_ms);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

// Plays the Controller for one group: grants what is proposed, when it is told to.
class Proposals {
 public:
  void add(const Proposal& proposal) {
    std::lock_guard lock(mutex_);
    all_.push_back(proposal);
  }
  std::optional<Proposal> take() {
    std::lock_guard lock(mutex_);
    if (all_.empty()) return std::nullopt;
    auto first = all_.front();
    all_.pop_front();
    return first;
  }
  std::optional<Proposal> wait(std::int64_t limit_ms = 5'000) {
    std::optional<Proposal> taken;
    eventually([&] { return (taken = take()).has_value(); }, limit_ms);
    return taken;
  }

 private:
  std::mutex mutex_;
  std::deque<Proposal> all_;
};

struct Node {
  explicit Node(std::function<void(store::StoreOptions&, ReplicationOptions&)> adapt = {}) : adapt_(std::move(adapt)) {
    open();
  }
  ~Node() { close(); }

  void open() {
    auto store_options = store::testing::small_options(directory.path().string());
    store_options.start_threads = true;
    store_options.slave_timeout_ms = 400;
    store_options.start_as_replica = true;
    options = ReplicationOptions{};
    options.protocol = HaProtocol::kAutoSwitch;
    options.listen_host = "127.0.0.1";
    options.epoch_file = directory / "epochFileCheckpoint";
    options.promise_file = directory / "promises";
    options.propose_sync_set = [this](const Proposal& proposal) { proposals.add(proposal); };
    if (adapt_) adapt_(store_options, options);
    store = store::testing::open_store(store_options, clock);
    replication = std::make_unique<Replication>(*store, options, clock);
    REQUIRE(replication->start());
  }
  void close() {
    replication.reset();
    if (store) CHECK(store->close());
    store.reset();
  }
  void restart() {
    close();
    open();
  }

  Status lead(std::int32_t epoch, BrokerId id, std::set<BrokerId> set, std::int32_t set_epoch = 1,
              std::int64_t lease_ms = 0) {
    return replication->become_master({.epoch = epoch,
                                       .own_id = id,
                                       .sync_set = std::move(set),
                                       .set_epoch = set_epoch,
                                       .lease_from_ms = clock.monotonic_ms(),
                                       .lease_ms = lease_ms});
  }
  Status follow(const Node& master, std::int32_t epoch, BrokerId id, BrokerId master_id) {
    return replication->become_slave(
        {.epoch = epoch, .own_id = id, .master_id = master_id, .master_ha_address = master.address()});
  }
  std::string address() const { return "127.0.0.1:" + std::to_string(replication->port()); }

  // A message that wants all its copies.
  store::AppendStatus send(const std::string& body) {
    store::testing::Collector collector;
    auto batch = std::make_unique<store::AppendBatch>();
    batch->listener = &collector;
    batch->wait_for = store::kWaitReplicas;
    REQUIRE(batch->add(store->queue("T", 0), store::testing::message(body)));
    if (auto status = store->append(batch); status != store::AppendStatus::kOk) return status;
    return collector.take()->status;
  }
  void send_many(int count, std::size_t size = 1000) {
    for (int i = 0; i < count; ++i) {
      REQUIRE(store::testing::put(*store, store->queue("T", 0), std::string(size, 'x')).status ==
              store::AppendStatus::kOk);
    }
  }

  std::int64_t end() const { return static_cast<std::int64_t>(store->log().max_offset()); }
  std::string log_bytes() const {
    std::string bytes;
    for (auto at = store->log().min_offset(); at < store->log().max_offset(); at = store->log().next_file_start(at)) {
      bytes += store->log().read_to_limit(at, UINT64_MAX).bytes;
    }
    return bytes;
  }
  bool has_all_of(const Node& other) const { return end() == other.end() && end() > 0; }

  const SystemClock clock;
  const rmq::testing::TempDir directory;
  Proposals proposals;
  ReplicationOptions options;
  std::unique_ptr<store::MessageStore> store;
  std::unique_ptr<Replication> replication;

 private:
  const std::function<void(store::StoreOptions&, ReplicationOptions&)> adapt_;
};

}  // namespace rmq::replication::testing
