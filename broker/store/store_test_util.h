// What the store's tests share: small options, messages that tell who they are, appends that wait for their result.
#pragma once

#include <doctest/doctest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "broker/store/message_store.h"
#include "common/testing/temp_dir.h"

namespace rmq::store::testing {

inline const std::string kHost("\x7f\x00\x00\x01\x00\x00\x2a\x9f", 8);

inline StoreOptions small_options(const std::string& root) {
  StoreOptions options;
  options.root = root;
  options.commit_log_file_bytes = 64 * 1024;
  options.consume_queue_file_bytes = 100 * 20;
  options.index_slots = 1000;
  options.index_entries = 4000;
  options.start_threads = false;
  // The machine's disk must not decide about a test.
  options.disk_full_percent = options.disk_clean_percent = options.disk_clean_forcibly_percent = 101;
  return options;
}

inline protocol::MessageRecord message(std::string_view body, std::string_view properties = {}) {
  protocol::MessageRecord record;
  record.born_timestamp = 1;
  record.born_host = kHost;
  record.store_host = kHost;
  record.body = body;
  record.properties = properties;
  return record;
}

class Collector final : public AppendListener {
 public:
  void on_appended(std::unique_ptr<AppendBatch> batch) noexcept override {
    std::lock_guard lock(mutex_);
    done_.push_back(std::move(batch));
    changed_.notify_all();
  }
  std::unique_ptr<AppendBatch> take() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(30), [&] { return !done_.empty(); });
    REQUIRE_FALSE(done_.empty());
    auto batch = std::move(done_.front());
    done_.erase(done_.begin());
    return batch;
  }
  std::size_t size() {
    std::lock_guard lock(mutex_);
    return done_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<AppendBatch>> done_;
};

struct Placed {
  AppendStatus status;
  std::int64_t queue_offset = -1;
  std::int64_t physical_offset = -1;
};

// Appends one message and waits for its result.
inline Placed put(MessageStore& store, TopicQueue& queue, std::string_view body, std::string_view properties = {},
                  std::int32_t sys_flag = 0) {
  Collector collector;
  auto batch = std::make_unique<AppendBatch>();
  batch->listener = &collector;
  auto record = message(body, properties);
  record.sys_flag = sys_flag;
  REQUIRE(batch->add(queue, record));
  if (auto status = store.append(batch); status != AppendStatus::kOk) return {status};
  auto done = collector.take();
  return {done->status, done->records()[0].queue_offset, done->records()[0].physical_offset};
}

// Without threads: everything that can be dispatched.
inline void dispatch_all(MessageStore& store) {
  while (true) {
    auto progressed = store.dispatcher().run_round();
    REQUIRE(progressed);
    if (!*progressed) return;
  }
}

inline std::unique_ptr<MessageStore> open_store(StoreOptions options, const Clock& clock,
                                                FileOps& ops = system_file_ops()) {
  auto store = MessageStore::open(std::move(options), clock, ops);
  if (!store) FAIL(store.error().message);
  return std::move(*store);
}

// All bodies of a queue from `offset` on, by as many gets as it takes.
inline std::vector<std::string> bodies(const MessageStore& store, std::string_view topic, std::int32_t id,
                                       std::int64_t offset = 0) {
  std::vector<std::string> found;
  const auto* queue = store.find_queue(topic, id);
  while (queue != nullptr) {
    GetRequest request;
    request.offset = offset;
    auto result = store.get(queue, request);
    for (auto part : result.parts) {
      while (!part.empty()) {
        auto record = protocol::decode_record(part);
        REQUIRE(record);
        found.emplace_back(record->body);
        part.remove_prefix(static_cast<std::size_t>(record->size));
      }
    }
    if (result.status == GetStatus::kOffsetTooSmall || result.status == GetStatus::kMessageWasRemoving ||
        result.status == GetStatus::kFound) {
      offset = result.next_offset;
      continue;
    }
    break;
  }
  return found;
}

}  // namespace rmq::store::testing
