// A replica as far as its state goes: a store, the tables, the journal. Logs are copied by hand.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>

#include "broker/config/broker_config.h"
#include "broker/group/group_manager.h"
#include "broker/journal/state_journal.h"
#include "broker/offset/consumer_offsets.h"
#include "broker/offset/delay_offsets.h"
#include "broker/state/checkpointer.h"
#include "broker/store/message_store.h"
#include "broker/store/store_test_util.h"
#include "broker/topic/topic_manager.h"
#include "common/base/file.h"
#include "common/testing/temp_dir.h"

namespace rmq::broker::testing {

// Waits for what other threads bring about; the limit only ends a failing test.
inline bool eventually(const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

inline protocol::TopicConfig topic(std::string name, std::int32_t queues = 4) {
  protocol::TopicConfig config;
  config.topic_name = std::move(name);
  config.read_queue_nums = config.write_queue_nums = queues;
  return config;
}

inline protocol::SubscriptionGroupConfig group(std::string name) {
  protocol::SubscriptionGroupConfig config;
  config.group_name = std::move(name);
  return config;
}

struct NodeOptions {
  std::uint64_t file_bytes = 1 << 20;
  bool synchronous = false;
  std::chrono::milliseconds offset_interval{5};
  std::size_t part_bytes = 512 * 1024;
  std::chrono::milliseconds change_limit{10'000};
};

class Node final : public store::ArrivalListener {
 public:
  using Options = NodeOptions;

  explicit Node(Options options = {}) : options_(options) {
    config.store_path_root_dir = dir.path().string();
    config.broker_name = "broker-a";
    config.flush_consumer_offset_interval = 1;
    open();
  }
  ~Node() override { close(); }

  void open() {
    auto store_options = store::testing::small_options(dir.path().string());
    store_options.commit_log_file_bytes = options_.file_bytes;
    store_options.consume_queue_file_bytes = 1000 * 20;
    store_options.start_threads = true;
    store_options.start_as_replica = true;
    store = store::testing::open_store(store_options, clock);
    checkpointer = std::make_unique<Checkpointer>();
    topics = std::make_unique<TopicManager>(config, *checkpointer, clock);
    groups = std::make_unique<GroupManager>(config, *checkpointer, clock);
    offsets = std::make_unique<ConsumerOffsets>(config, *checkpointer, clock);
    delays = std::make_unique<DelayOffsets>(config, *checkpointer, clock);
    REQUIRE(topics->load());
    REQUIRE(groups->load());
    REQUIRE(offsets->load());
    REQUIRE(delays->load());
    StateJournalOptions journal_options;
    journal_options.store_host = store::testing::kHost;
    journal_options.offset_interval = options_.offset_interval;
    journal_options.part_bytes = options_.part_bytes;
    journal_options.change_limit = options_.change_limit;
    journal = std::make_unique<StateJournal>(*store, *checkpointer, journal_options);
    for (auto* table : tables()) journal->register_table(*table);
    checkpointer->start();
    REQUIRE(journal->start());
    store->set_arrival_listener(this);
  }
  // Orderly, unless `crash`: then the files stay as they were at that moment.
  void close(bool crash = false) {
    if (!store) return;
    const auto files = crash ? state_files() : std::map<std::string, std::string>();
    if (crash) journal->become_replica();
    journal->stop();
    (void)checkpointer->stop();
    store->set_arrival_listener(nullptr);
    (void)store->close();
    journal.reset();
    topics.reset();
    groups.reset();
    offsets.reset();
    delays.reset();
    checkpointer.reset();
    store.reset();
    if (!crash) return;
    put_state_files(files);
  }
  // Path to content, without what is just being written.
  std::map<std::string, std::string> state_files() const {
    std::map<std::string, std::string> files;
    for (const auto* name : {"topics.json", "subscriptionGroup.json", "consumerOffset.json", "delayOffset.json"}) {
      for (const auto* suffix : {"", ".bak"}) {
        if (auto text = read_file(file(std::string(name) + suffix))) files[file(std::string(name) + suffix)] = *text;
      }
    }
    return files;
  }
  // These and no others.
  void put_state_files(const std::map<std::string, std::string>& files) const {
    for (const auto& entry : std::filesystem::directory_iterator(config_dir())) std::filesystem::remove(entry.path());
    for (const auto& [path, text] : files) REQUIRE(replace_file(path, text));
    for (const auto& [path, text] : files) {  // replacing made other .bak
      if (path.ends_with(".bak")) REQUIRE(replace_file(path, text));
    }
  }
  void restart(bool crash = false) {
    close(crash);
    open();
  }
  std::string config_dir() const {
    std::filesystem::create_directories(dir.path() / "config");
    return (dir.path() / "config").string();
  }
  std::string file(const std::string& name) const { return config.config_path(name); }

  void lead(std::int32_t epoch = 1) {
    const auto before = journal->position().end;  // here or behind, the new master's snapshot begins
    begin_to_lead(epoch);
    REQUIRE(eventually([&] { return journal->accepts(); }));
    if (options_.synchronous) return;
    REQUIRE(eventually([&] { return journal->position().last_snapshot >= before; }));
    settle();
  }
  void begin_to_lead(std::int32_t epoch) {
    store::MessageStore::MasterTerm term;
    term.epoch = static_cast<std::uint64_t>(epoch);
    term.wait_for_replicas = options_.synchronous;
    epoch_ = epoch;
    REQUIRE(store->become_master(term));
    if (options_.synchronous && store->confirm_offset() == UINT64_MAX) {
      store->set_confirm_offset(store->log().max_offset());
    }
    journal->become_master(epoch);
  }
  void yield() {
    journal->become_replica();
    REQUIRE(store->become_replica());
  }
  // Everything that can be read is applied; on a master everything appended.
  void settle() {
    REQUIRE(eventually([&] {
      if (!options_.synchronous && store->dispatcher().position() < store->log().max_offset()) return false;
      const auto position = journal->position();
      return position.applied == position.end && position.changes_waiting == 0;
    }));
  }
  // Synchronous mode: all that is in the log is confirmed.
  void confirm() {
    const auto end = store->log().max_offset();
    store->set_confirm_offset(end);
    store->gate().advance_replicas(static_cast<std::uint64_t>(epoch_), static_cast<std::int64_t>(end));
  }
  // Takes over what `master` has, or its beginning.
  void copy(Node& master, std::uint64_t to = UINT64_MAX, std::uint64_t from = 0) {
    auto& log = master.store->log();
    auto at = std::max(store->replica_end(), std::max(from, log.min_offset()));
    const auto end = std::min(to, log.max_offset());
    while (at < end) {
      const auto view = log.read_to_limit(at, end);
      REQUIRE(view);
      REQUIRE(store->append_replica(at, view.bytes));
      at += view.bytes.size();
      // The end of a file is a short blank that stands for the rest of it.
      if (at < end && store->replica_end() > at) at = store->replica_end();
    }
    if (!options_.synchronous) {
      REQUIRE(eventually([&] { return store->dispatcher().position() >= store->log().max_offset(); }));
    }
  }
  void follow(Node& master) {
    copy(master);
    settle();
  }

  std::vector<JournaledTable*> tables() {
    return {&topics->journaled(), &groups->journaled(), &offsets->journaled(), &delays->journaled()};
  }
  std::map<std::string, std::string> content() {
    std::map<std::string, std::string> out;
    for (auto* table : tables()) out.emplace(table->name(), table->encode_all());
    return out;
  }

  bool in_a_hurry() const noexcept override { return true; }
  void on_arrivals(std::span<const store::Arrival> arrivals) noexcept override { journal->on_arrivals(arrivals); }

  rmq::testing::TempDir dir;
  BrokerConfig config;
  SystemClock clock;
  std::unique_ptr<store::MessageStore> store;
  std::unique_ptr<Checkpointer> checkpointer;
  std::unique_ptr<TopicManager> topics;
  std::unique_ptr<GroupManager> groups;
  std::unique_ptr<ConsumerOffsets> offsets;
  std::unique_ptr<DelayOffsets> delays;
  std::unique_ptr<StateJournal> journal;

 private:
  const Options options_;
  std::int32_t epoch_ = 0;
};

// Something of everything.
inline void change_all(Node& node, const std::string& name) {
  REQUIRE(node.topics->update({topic(name, 3), topic(name + "-gone")}));
  REQUIRE(node.topics->remove(name + "-gone"));
  REQUIRE(node.groups->update({group(name)}));
  REQUIRE(node.groups->set_forbidden(name, "T", GroupManager::kForbiddenRead, true));
  node.offsets->commit(name, "T", 0, 5);
  node.offsets->commit(name, "T", 1, 7);
  node.offsets->assign_reset(name, "U", 0, 2);
  node.delays->set(3, 11);
  REQUIRE(node.journal->flush(std::chrono::seconds(10)));
}

}  // namespace rmq::broker::testing
