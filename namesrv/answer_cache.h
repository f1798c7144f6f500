// Route answers, ready as bytes, by topic and JSON form: what most requests are answered from.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "namesrv/route_table.h"

namespace rmq::namesrv {

using Answer = std::shared_ptr<const std::string>;

// Thread-safe. Holds at most `max_bytes` of answers; a full part of it is emptied before it takes another answer, which
// costs some answers being made again and never more than that.
class AnswerCache {
 public:
  explicit AnswerCache(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  // Null if there is none.
  Answer find(std::string_view topic, JsonForm form) const;
  void put(std::string_view topic, JsonForm form, const Answer& answer);
  void erase(std::string_view topic);
  void clear();

  std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  void set_max_bytes(std::size_t max_bytes) { max_bytes_.store(max_bytes, std::memory_order_relaxed); }

 private:
  static constexpr std::size_t kShards = 32;
  struct alignas(64) Shard {
    mutable std::shared_mutex mutex;
    std::unordered_map<std::string, std::array<Answer, kJsonForms>, StringHash, std::equal_to<>> answers;
    std::size_t bytes = 0;
  };
  static std::size_t cost(std::string_view topic, const Answer& answer) {
    return answer == nullptr ? 0 : answer->size() + topic.size() + 128;
  }
  Shard& shard(std::string_view topic) const { return shards_[StringHash{}(topic) % kShards]; }
  void empty(Shard& shard);  // its mutex held

  mutable std::array<Shard, kShards> shards_;
  std::atomic<std::size_t> bytes_{0};
  std::atomic<std::size_t> max_bytes_;
};

}  // namespace rmq::namesrv
