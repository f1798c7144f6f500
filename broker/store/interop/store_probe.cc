// The counterpart of StoreProbe.java: same modes, same output.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <string>

#include "broker/store/message_store.h"
#include "common/base/log.h"

namespace {

using namespace rmq;
using namespace rmq::store;

struct Done : AppendListener {
  std::atomic<int> ok{0};
  void on_appended(std::unique_ptr<AppendBatch> batch) noexcept override { ok += batch->status == AppendStatus::kOk; }
};

void write(MessageStore& store, int count) {
  const std::string host("\x7f\0\0\1\0\0\x2a\x9f", 8);
  Done done;
  for (int i = 0; i < count; ++i) {
    const auto number = std::to_string(i);
    const auto body = "ours-" + number + "-" + std::string(static_cast<std::size_t>(i % 700), 'o');
    const auto properties =
        "TAGS\x01tag" + std::to_string(i % 4) + "\x02KEYS\x01key" + number + "\x02UNIQ_KEY\x01O" + number + "\x02";
    protocol::MessageRecord record;
    record.born_timestamp = SystemClock().wall_ms();
    record.born_host = host;
    record.store_host = host;
    record.body = body;
    record.properties = properties;
    auto batch = std::make_unique<AppendBatch>();
    batch->listener = &done;
    (void)batch->add(store.queue(i % 5 == 4 ? std::string(200, 'L') : "T", i % 3), record);
    if (store.append(batch) != AppendStatus::kOk) std::exit(4);
  }
  while (done.ok < count) ::usleep(1000);
}

void read(MessageStore& store) {
  auto queues = store.queues().all();
  std::sort(queues.begin(), queues.end(), [](const auto* a, const auto* b) {
    return std::pair(a->topic(), a->id()) < std::pair(b->topic(), b->id());
  });
  for (const auto* queue : queues) {
    GetRequest request;
    for (request.offset = queue->min_offset(); request.offset < queue->max_offset();) {
      auto result = store.get(queue, request);
      for (auto part : result.parts) {
        while (!part.empty()) {
          auto record = protocol::decode_record(part);
          if (!record) std::exit(5);
          std::printf("%s %d %ld %.*s\n", queue->topic().c_str(), queue->id(), static_cast<long>(record->queue_offset),
                      static_cast<int>(record->body.size()), record->body.data());
          const auto keys = record_keys(*record, {}).index;
          if (store.query(queue->topic(), keys.uniq_key, 32, 0, INT64_MAX).records.empty()) {
            std::printf("not in the index: %.*s\n", static_cast<int>(keys.uniq_key.size()), keys.uniq_key.data());
          }
          part.remove_prefix(static_cast<std::size_t>(record->size));
        }
      }
      if (result.next_offset <= request.offset) break;
      request.offset = result.next_offset;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 2 ? argv[1] : "";
  if (mode != "read" && (mode != "write" || argc < 5)) {
    std::fprintf(stderr, "store_probe write ROOT COUNT clean|crash | read ROOT\n");
    return 2;
  }
  SystemClock clock;
  StoreOptions options;
  options.root = argv[2];
  options.commit_log_file_bytes = 64 * 1024;
  options.consume_queue_file_bytes = 100 * 20;
  options.index_slots = 1000;
  options.index_entries = 4000;
  auto store = MessageStore::open(options, clock);
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    return 3;
  }
  if (mode == "write") {
    write(**store, std::atoi(argv[3]));
    if (argv[4] == std::string("crash")) ::_exit(137);
  } else {
    read(**store);
  }
  return (*store)->close() ? 0 : 6;
}
