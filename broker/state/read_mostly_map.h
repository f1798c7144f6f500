// A map from names to values that is read for every message and hardly ever written (topics, consumer groups).
//
// Readers take no lock and touch no counter that another thread touches: each thread keeps its own reference to the
// last snapshot of a shard and looks at the shard's version (one load) to see whether it is still the last. Writers
// copy their shard. So a read costs one hash and one comparison; a write costs O(size / kShards).
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace rmq::broker {

// Thread-safe.
template <class V>
class ReadMostlyMap {
 public:
  using Pointer = std::shared_ptr<const V>;

  ReadMostlyMap() = default;
  ReadMostlyMap(const ReadMostlyMap&) = delete;
  ReadMostlyMap& operator=(const ReadMostlyMap&) = delete;

  // The value, or nullptr. It stays as it was while the pointer is held; keep the pointer on this thread where it can
  // be: its reference count belongs to the thread.
  Pointer find(std::string_view key) const {
    std::size_t hash = Hash{}(key);
    const Local& local = current(hash % kShards);
    auto found = local.map->find(key);
    return found == local.map->end() ? nullptr : Pointer(local.owner, found->second.get());
  }

  void put(std::string key, Pointer value) {
    change(Hash{}(key) % kShards, [&](Map& map) { map.insert_or_assign(std::move(key), std::move(value)); });
  }

  void put_all(std::vector<std::pair<std::string, Pointer>> entries) {
    std::array<std::vector<std::pair<std::string, Pointer>>, kShards> parts;
    for (auto& entry : entries) parts[Hash{}(entry.first) % kShards].push_back(std::move(entry));
    for (std::size_t shard = 0; shard < kShards; ++shard) {
      if (parts[shard].empty()) continue;
      change(shard, [&](Map& map) {
        for (auto& [key, value] : parts[shard]) map.insert_or_assign(std::move(key), std::move(value));
      });
    }
  }

  void erase(std::string_view key) {
    change(Hash{}(key) % kShards, [&](Map& map) {
      if (auto found = map.find(key); found != map.end()) map.erase(found);
    });
  }

  // Everything, sorted by key. Not one moment's picture while others write.
  std::map<std::string, Pointer, std::less<>> all() const {
    std::map<std::string, Pointer, std::less<>> out;
    for (const Shard& shard : shards_) {
      std::shared_ptr<const Map> map = shard.get();
      for (const auto& [key, value] : *map) out.emplace(key, value);
    }
    return out;
  }

  std::size_t size() const {
    std::size_t size = 0;
    for (const Shard& shard : shards_) size += shard.get()->size();
    return size;
  }

 private:
  static constexpr std::size_t kShards = 64;
  static constexpr std::size_t kMapsPerThread = 8;  // a thread forgets its least recently met map beyond this many

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
  };
  using Map = std::unordered_map<std::string, Pointer, Hash, std::equal_to<>>;

  struct alignas(64) Shard {
    std::atomic<std::uint64_t> version{1};
    mutable std::mutex mutex;
    std::shared_ptr<const Map> map = std::make_shared<const Map>();

    std::shared_ptr<const Map> get() const {
      std::lock_guard lock(mutex);
      return map;
    }
  };

  // One thread's view of a shard. `owner` keeps the snapshot, under a control block that only this thread's pointers
  // share.
  struct Local {
    std::uint64_t version = 0;
    std::shared_ptr<const std::shared_ptr<const Map>> owner;
    const Map* map = nullptr;
  };
  struct LocalMap {
    std::uint64_t id = 0;
    std::array<Local, kShards> shards;
  };

  const Local& current(std::size_t index) const {
    Local& local = local_map().shards[index];
    const Shard& shard = shards_[index];
    if (local.version != shard.version.load(std::memory_order_acquire)) {
      std::lock_guard lock(shard.mutex);
      local.owner = std::make_shared<const std::shared_ptr<const Map>>(shard.map);
      local.map = local.owner->get();
      local.version = shard.version.load(std::memory_order_relaxed);
    }
    return local;
  }

  LocalMap& local_map() const {
    thread_local std::vector<std::unique_ptr<LocalMap>> maps;
    if (!maps.empty() && maps.back()->id == id_) return *maps.back();
    for (auto& map : maps) {
      if (map->id == id_) {
        std::swap(map, maps.back());
        return *maps.back();
      }
    }
    if (maps.size() == kMapsPerThread) maps.erase(maps.begin());
    maps.push_back(std::make_unique<LocalMap>());
    maps.back()->id = id_;
    return *maps.back();
  }

  template <class Change>
  void change(std::size_t index, Change apply) {
    Shard& shard = shards_[index];
    std::lock_guard lock(shard.mutex);
    auto next = std::make_shared<Map>(*shard.map);
    apply(*next);
    shard.map = std::move(next);
    shard.version.fetch_add(1, std::memory_order_release);
  }

  static std::uint64_t next_id() {
    static std::atomic<std::uint64_t> last{0};
    return ++last;
  }

  const std::uint64_t id_ = next_id();
  std::array<Shard, kShards> shards_;
};

}  // namespace rmq::broker
