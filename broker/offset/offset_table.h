// Offsets by topic, group and queue, for many threads at once.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace rmq::broker {

using QueueOffsets = std::map<std::int32_t, std::int64_t>;

// Keys are "topic@group" as the original's files have them; a key of another form is kept and never found by name.
// Thread-safe; one short lock among 64 a call.
class OffsetTable {
 public:
  // True if that changed anything.
  bool set(std::string_view topic, std::string_view group, std::int32_t queue, std::int64_t offset);
  std::optional<std::int64_t> get(std::string_view topic, std::string_view group, std::int32_t queue) const;
  std::optional<std::int64_t> take(std::string_view topic, std::string_view group, std::int32_t queue);
  QueueOffsets queues(std::string_view topic, std::string_view group) const;
  void put(std::string key, QueueOffsets offsets);
  void erase(std::string_view topic, std::string_view group);

  // Removes the keys for which `wanted` says so; true if there were any.
  bool erase_if(const std::function<bool(std::string_view topic, std::string_view group)>& wanted);
  void for_each(
      const std::function<void(std::string_view topic, std::string_view group, const QueueOffsets&)>& visit) const;
  // All keys, also those of another form.
  std::map<std::string, QueueOffsets> all() const;
  bool empty() const;

  // --- For the journal: keys that changed are remembered from track_changes() on, until they are taken.
  void track_changes() { tracking_.store(true, std::memory_order_relaxed); }
  std::vector<std::string> take_changed();
  void mark_changed(std::string_view key);
  // The queues of a key; none: there is no such key.
  std::optional<QueueOffsets> find(std::string_view key) const;
  // As put() and an erase of the key, without being remembered: what the journal brought. True if that changed
  // anything.
  bool apply(std::string_view key, QueueOffsets offsets);
  bool apply_removal(std::string_view key);

 private:
  static constexpr std::size_t kShards = 64;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
  };
  using Map = std::unordered_map<std::string, QueueOffsets, Hash, std::equal_to<>>;
  struct alignas(64) Shard {
    mutable std::mutex mutex;
    Map map;
    std::unordered_set<std::string, Hash, std::equal_to<>> changed;
  };
  // With the shard's lock held.
  void remember(Shard& shard, std::string_view key) {
    if (!tracking_.load(std::memory_order_relaxed)) return;
    if (shard.changed.find(key) == shard.changed.end()) shard.changed.emplace(key);
  }

  template <class Self>
  static auto& shard_of(Self& self, std::string_view key) {
    return self.shards_[Hash{}(key) % kShards];
  }

  std::array<Shard, kShards> shards_;
  std::atomic<bool> tracking_{false};
};

std::string offset_key(std::string_view topic, std::string_view group);
// Topic and group of a key; nullopt if it is not exactly two names around one '@'.
std::optional<std::pair<std::string_view, std::string_view>> split_offset_key(std::string_view key);

}  // namespace rmq::broker
