// What tests of replicas share: a master with a history of all kinds of records, its bytes in pieces, and whether two
// stores hold the same.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "broker/store/store_test_util.h"

namespace rmq::store::testing {

inline StoreOptions replica_options(const std::string& root) {
  auto options = small_options(root);
  options.index_slots = 50;
  options.index_entries = 120;
  options.start_as_replica = true;
  return options;
}

inline std::string key_of(int number) {
  return "UNIQ_KEY\x01k" + std::to_string(number) + "\x02";
}

// Messages `from`.. of history `name`, over three queues, some of them halves of transactions.
inline void write_history(MessageStore& store, const std::string& name, int from, int count) {
  for (int i = from; i < from + count; ++i) {
    const std::int32_t flag = i % 7 == 3 ? protocol::MessageFlag::kTransactionPrepared : 0;
    const auto body = name + std::to_string(i) + std::string(static_cast<std::size_t>(i * 37 % 900), 'x');
    REQUIRE(put(store, store.queue("T", i % 3), body, key_of(i), flag).status == AppendStatus::kOk);
  }
}

// Gives the replica what `from` has between its end and `limit`, in pieces of at most `piece` bytes. The last of them
// may cut a record.
inline Status feed(const MessageStore& from, MessageStore& replica, std::uint64_t limit = UINT64_MAX,
                   std::uint64_t piece = 32 * 1024) {
  while (true) {
    const auto at = std::max(replica.replica_end(), from.log().min_offset());
    const auto view = from.log().read_to_limit(at, std::min(limit, at + piece));
    if (!view) return {};
    RMQ_CHECK_OK(replica.append_replica(at, view.bytes));
  }
}

// Where records start, and the end.
inline std::vector<std::uint64_t> record_starts(const MessageStore& store) {
  std::vector<std::uint64_t> starts;
  auto at = store.log().min_offset();
  while (at < store.log().max_offset()) {
    const auto view = store.log().read_to_limit(at, UINT64_MAX);
    protocol::MessageRecord record;
    const auto state = protocol::parse_record(view.bytes, record);
    if (state == protocol::RecordState::kEndOfFile) {
      at = store.log().next_file_start(at);
      continue;
    }
    REQUIRE(state == protocol::RecordState::kRecord);
    starts.push_back(at);
    at += static_cast<std::uint64_t>(record.size);
  }
  starts.push_back(at);
  return starts;
}

inline std::string log_bytes(const MessageStore& store, std::uint64_t from) {
  std::string bytes;
  for (auto at = from; at < store.log().max_offset(); at = store.log().next_file_start(at)) {
    bytes += store.log().read_to_limit(at, UINT64_MAX).bytes;
  }
  return bytes;
}

// Everything anybody can see of both, as far as it is dispatched.
inline void check_same(MessageStore& one, MessageStore& other, int keys = 300) {
  dispatch_all(one);
  dispatch_all(other);
  CHECK(one.log().max_offset() == other.log().max_offset());
  const auto from = std::max(one.log().min_offset(), other.log().min_offset());
  CHECK(log_bytes(one, from) == log_bytes(other, from));
  for (int q = 0; q < 3; ++q) {
    auto& a = one.queue("T", q);
    auto& b = other.queue("T", q);
    CHECK(a.max_offset() == b.max_offset());
    CHECK(a.next_offset() == b.next_offset());
    CHECK(bodies(one, "T", q, a.min_offset()) == bodies(other, "T", q, b.min_offset()));
  }
  for (int key = 0; key < keys; ++key) {
    const auto name = "k" + std::to_string(key);
    const auto a = one.query("T", name, 10, 0, INT64_MAX).records;
    const auto b = other.query("T", name, 10, 0, INT64_MAX).records;
    REQUIRE(a.size() == b.size());
    for (std::size_t i = 0; i < a.size(); ++i) CHECK(a[i].bytes == b[i].bytes);
  }
}

}  // namespace rmq::store::testing
